// Addresses without what may be private: the query may hold names, tokens, searches.

import { hash, query } from "./options";

export const clean = (url: URL): string => {
  const kept = new URLSearchParams(url.search);
  for (const name of [...kept.keys()]) if (!query.includes(name) && !query.includes("*")) kept.delete(name);
  const text = `${kept}`;
  return `${url.protocol}//${url.host}${url.pathname}` + (text && `?${text}`) + (hash ? url.hash : "");
};

export const pathname = (): string => location.pathname + (hash ? location.hash : "");

// The first value of each parameter whose name matches, at most 200 characters.
export const pick = (search: string, name: RegExp): Record<string, string> => {
  const found: Record<string, string> = {};
  new URLSearchParams(search).forEach((value, one) => {
    if (name.test(one) && value) found[one] ??= value.slice(0, 200);
  });
  return found;
};

// What the browser keeps: in localStorage, which the site's tabs share; in memory where that is
// blocked, full, or not wanted.

import { cookieless, key } from "./options";

const PREFIX = `ws.${key.slice(-8)}.`;
const memory = new Map<string, string>();
let disk: Storage | undefined;
try {
  localStorage.getItem(PREFIX);
  disk = localStorage;
} catch {
  // blocked
}
// Whether other tabs see what this one stores.
export const shared = !!disk && !cookieless;

export const get = (name: string): string | null | undefined =>
  memory.get(name) ?? disk?.getItem(PREFIX + name);

// `always`: also where no id may be stored.
export function set(name: string, value: string, always = !cookieless): void {
  try {
    if (always && disk) {
      disk.setItem(PREFIX + name, value);
      memory.delete(name);
      return;
    }
  } catch {
    // full
  }
  memory.set(name, value);
}

export function remove(name: string): void {
  memory.delete(name);
  disk?.removeItem(PREFIX + name);
}

// All names that begin with `start`, sorted.
export const names = (start: string): string[] =>
  [
    ...memory.keys(),
    ...(disk ? Object.keys(disk).filter((one) => one.startsWith(PREFIX)).map((one) => one.slice(PREFIX.length)) : []),
  ]
    .filter((one) => one.startsWith(start))
    .sort();

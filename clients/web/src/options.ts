// What the script tag says.

const script = (document.currentScript ??
  document.querySelector('script[data-key][src*="/w."]')) as HTMLScriptElement | null;
const data: DOMStringMap = script?.dataset ?? {};

export const key = data.key ?? "";
// Beside the script, so that it works under any path of a proxy.
const base = new URL(data.host ? data.host.replace(/\/?$/, "/") : (script?.src ?? ""), location.href);
// The key is in the query and the body is plain text: browsers send that without a preflight.
export const endpoint = `${new URL("api/v1/batch", base).href}?x-api-key=${encodeURIComponent(key)}`;

const on = (value: string | undefined) => value !== undefined && value !== "off" && value !== "false";
export const cookieless = on(data.cookieless);
export const hash = on(data.hash);
export const clicks = on(data.clicks);
export const pageviews = on(data.pageviews ?? "");
export const links = on(data.links ?? "");
export const ignoreDnt = data.dnt === "ignore";
// Names of the query that stay in addresses; "*": all.
export const query = (data.query ?? "").split(/[\s,]+/);

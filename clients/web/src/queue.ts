// Operations on their way to the server. Each is an item of its own in the storage, so that tabs
// add without a lock; its name sorts by time. What is sent stays until the server has answered:
// a page may go before it hears, and the server knows by `message_id` what it has already.

import { endpoint } from "./options";
import { get, names, remove, set, shared } from "./storage";
import { random, silent } from "./visitor";

const EVERY_MS = 5_000;
const LEASE_MS = 15_000; // so long nobody else sends what one page is sending
const LONGEST_WAIT_MS = 600_000;
const KNOWN_MS = 2 * 86_400_000; // servers know a repeat for three days, unless set otherwise
const MOST = 100;
const MOST_BYTES = 60_000; // browsers send at most 64 KiB for a page that goes
const MOST_KEPT = 1_000;
const KEPT_MS = 7 * 86_400_000;

type Overflow = (lost: number) => void;
let overflow: Overflow;
let count = 0;
let most = MOST;
let failures = 0;
let busy = false;
let timer: ReturnType<typeof setTimeout> | undefined;

export const onOverflow = (told: Overflow) => (overflow = told);

const encode = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? `${one}` : one));
const nameAt = (time: number) => `q${time.toString(36)}`;

export function add(type: string, payload: Record<string, unknown>): void {
  const now = Date.now();
  const all = { ...payload, timestamp: new Date(now).toISOString(), message_id: random() };
  set(nameAt(now) + (count++ + 1e6).toString(36) + random().slice(28), encode({ type, payload: all }));
  schedule();
}

export function schedule(delay = EVERY_MS): void {
  timer ??= setTimeout(flush, delay);
}

// Until when (unix ms) nothing is sent; 0 where the clock has been set back since.
const until = (value: string | null | undefined) => {
  const time = parseFloat(value ?? "0");
  return time - Date.now() > LONGEST_WAIT_MS ? 0 : time;
};

// What waits and nobody is sending. Lets go of what is too old or too much.
function waiting(): string[] {
  const all = names("q");
  const oldest = nameAt(Date.now() - KEPT_MS);
  const lost = all.filter((name, index) => name < oldest || index < all.length - MOST_KEPT);
  lost.forEach(remove);
  if (lost.length) overflow(lost.length);
  const [time = "", last = ""] = (get("sent") ?? "").split(" ");
  // What a page sent when it was left, and nobody since: by now the server may not know it again.
  if (Date.now() - parseFloat(time) > KNOWN_MS) all.filter((name) => name <= last).forEach(remove);
  const sending = until(time) > Date.now() ? last : "";
  return all.filter((name) => name > sending && get(name));
}

// Takes what the next request is to hold, and says to the other tabs that it is being sent.
function claim(): [string[], string] {
  const taken: string[] = [];
  const bodies: string[] = [];
  let bytes = 0;
  for (const name of waiting()) {
    const body = get(name)!;
    bytes += new Blob([body]).size + 1;
    if (taken.length >= most || (taken.length && bytes > MOST_BYTES)) break;
    taken.push(name);
    bodies.push(body);
  }
  if (taken.length) set("sent", `${Date.now() + LEASE_MS} ${taken[taken.length - 1]}`);
  return [taken, `{"operations":[${bodies}]}`];
}

// Whether more may be sent at once.
async function send(taken: string[], body: string): Promise<boolean> {
  let status = 0;
  let wait = 0;
  try {
    const answer = await fetch(endpoint, {
      method: "POST",
      body,
      keepalive: new Blob([body]).size <= MOST_BYTES + 100,
      credentials: "omit",
      signal: AbortSignal.timeout?.(LEASE_MS),
    });
    await answer.text(); // until it is read it counts towards what browsers send for pages that go
    status = answer.status;
    wait = Number(answer.headers.get("retry-after")) * 1000;
  } catch {
    // offline, or the server is away
  }
  if (status >= 200 && status < 300) {
    most = Math.min(MOST, most * 2);
    failures = 0;
    taken.forEach(remove);
    return true;
  }
  remove("sent");
  if (status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status)) {
    // One operation is not what the server takes: find it, and let go of it.
    if (taken.length > 1) most = taken.length >> 1;
    else taken.forEach(remove);
    return true;
  }
  wait = Math.min(wait || EVERY_MS * 2 ** Math.min(failures++, 4), LONGEST_WAIT_MS - 1);
  set("wait", `${Date.now() + wait * (1 + Math.random() / 4)}`);
  return false;
}

const ready = () => !silent() && until(get("wait")) <= Date.now();

async function drain(): Promise<void> {
  while (ready()) {
    const [taken, body] = claim();
    if (!taken.length || !(await send(taken, body))) break;
  }
}

export async function flush(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  if (busy) return;
  busy = true;
  try {
    // One tab at a time, where the browser can say so. (Elsewhere the lease is all there is.)
    if (shared && navigator.locks) await navigator.locks.request("ws", { ifAvailable: true }, (lock) => (lock ? drain() : null));
    else await drain();
  } catch {
    // the document is going
  }
  busy = false;
  if (names("q").length) schedule(Math.max(EVERY_MS * (1 + Math.random() / 5), until(get("wait")) - Date.now()));
}

// For a page that goes, or may: there is no time to wait for a lock.
export function leave(): void {
  if (!ready()) return;
  const [taken, body] = claim();
  if (!taken.length) return;
  if ("keepalive" in Request.prototype) void send(taken, body);
  else navigator.sendBeacon(endpoint, body);
}

export function online(): void {
  remove("wait");
  failures = 0;
  void flush();
}

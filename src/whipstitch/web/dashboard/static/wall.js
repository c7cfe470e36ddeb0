// A board on a wall: nothing but its tiles, as large as the screen allows, and a loud sign where what they show is old. The address says
// so, and after how many minutes an answer is old (wall=5). wall({ state, refresh }) gives back set(on).

import { staysSignedOut } from "./api.js";
import { h } from "./dom.js";
import { timeOfDay } from "./format.js";

const MINUTES = 5;
const MOST = 1440;
const DESK = 1280; // the width that boards are made for, in pixels
const PAGE_MS = 20_000;

function minutes() {
  const asked = Number(new URLSearchParams(location.search).get("wall") ?? 0);
  return Number.isInteger(asked) && asked >= 1 ? Math.min(asked, MOST) : 0;
}

export const isOnWall = () => minutes() > 0;

// `state()`: { answered, problem }, when all tiles were answered last, in ms, and why they were not since, or "".
export function wall({ tiles, state }) {
  const what = h("strong", {}, "Not up to date");
  const why = h("span");
  const sign = h("div.stale-sign", { role: "alert", hidden: true }, what, why);
  const leave = h("button.button.small.leave-wall", { type: "button", onclick: () => set(false) }, "Leave the wall screen");

  function set(on) {
    const address = new URL(location.href);
    if (on) address.searchParams.set("wall", MINUTES);
    else address.searchParams.delete("wall");
    history.replaceState(null, "", address);
    if (on) document.documentElement.requestFullscreen?.().catch(() => {}); // it is a wall screen in a window, too
    else if (document.fullscreenElement) document.exitFullscreen();
    show();
  }

  function show() {
    const on = isOnWall();
    document.body.classList.toggle("wall", on);
    staysSignedOut(on);
    if (on) document.body.prepend(sign, leave);
    else [sign, leave].forEach((one) => one.remove());
    tiles.style.setProperty("zoom", on ? Math.max(1, innerWidth / DESK) : 1);
    tick();
  }

  function tick() {
    const { answered, problem } = state();
    const old = Math.floor((Date.now() - answered) / 60_000);
    const isStale = isOnWall() && (problem !== "" || old >= minutes());
    const text = ` These numbers are of ${timeOfDay(answered)}${old ? `, ${old} min ago` : ""}. ${problem}`;
    if (why.textContent !== text) why.textContent = text;
    sign.hidden = !isStale;
    document.body.classList.toggle("is-stale", isStale);
  }

  // What does not fit is shown page by page.
  function turn() {
    if (!isOnWall() || document.documentElement.scrollHeight <= innerHeight) return;
    const isAtEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 8;
    scrollTo({ top: isAtEnd ? 0 : scrollY + innerHeight * 0.85 });
  }

  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement && isOnWall()) set(false);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && isOnWall() && set(false));
  addEventListener("resize", show);
  setInterval(tick, 1_000);
  setInterval(turn, PAGE_MS);
  show();
  return { set, tick };
}

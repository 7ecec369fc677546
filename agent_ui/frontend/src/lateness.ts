// Who waits too long colours the frame: it depends on the hour, so the browser decides, by the house's clock.
//
//   <section data-waits="…" data-late="20" data-very-late="60" data-tone="warning">
//
// `data-waits`: since when; without it only `data-tone` counts, which the server found.

import type { Frame } from "./feed";
import { HouseClock } from "./timers";

export type Tone = "danger" | "warning" | null;

const TICK_MS = 500;
const TONES = ["tone-danger", "tone-warning"];
const LATE = "[data-late]";

/** The tone of something that waits for *seconds* (null: nothing waits); *base* is what else is known of it. */
export function shade(seconds: number | null, late: number, veryLate: number, base: Tone): Tone {
  if (base === "danger" || (seconds !== null && seconds > veryLate)) return "danger";
  return base === "warning" || (seconds !== null && seconds > late) ? "warning" : null;
}

function show(element: HTMLElement, now: number): void {
  const { waits, late, veryLate, tone } = element.dataset;
  const seconds = waits === undefined ? null : (now - Date.parse(waits)) / 1000;
  const base: Tone = tone === "danger" || tone === "warning" ? tone : null;
  const wanted = shade(seconds, Number(late), Number(veryLate), base);
  for (const name of TONES) element.classList.toggle(name, name === `tone-${wanted ?? ""}`);
}

/** Colour *page* until it is left, what is put into it later too, before it is painted. */
export function startLateness(page: Document): void {
  const clock = new HouseClock(Date.now);
  clock.set(page.body.dataset["now"]);
  const tick = (): void => {
    for (const element of page.querySelectorAll<HTMLElement>(LATE)) show(element, clock.now());
  };
  page.addEventListener("live:event", ({ detail }: CustomEvent<Frame>) => {
    clock.set((detail.data as { at?: string }).at);
  });
  new MutationObserver(tick).observe(page.body, { childList: true, subtree: true });
  tick();
  setInterval(tick, TICK_MS);
}

// Ticks everything that says how long, against the house's clock: a machine's own may be wrong.
//
//   <time data-since="…">    how long it is since then       2:14
//   <time data-until="…">    how long until then             0:17, never below 0:00
//   <… data-zone="…">        what time it is there (IANA)  21:04
//   <progress data-from="…" data-to="…">   how much of the time between has passed

import type { Frame } from "./feed";

const TICK_MS = 250;
const MOVING = "time[data-since], time[data-until], [data-zone], progress[data-from]";

/** Seconds as `m:ss`, from an hour on `h:mm:ss`. */
export function written(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const clocks = new Map<string, Intl.DateTimeFormat | null>();

/** The time of day in *zone* at *now* (ms): `21:04`; null for a zone that this browser does not know. */
export function clockIn(zone: string, now: number): string | null {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    try {
      clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    } catch {
      clock = null;
    }
    clocks.set(zone, clock);
  }
  return clock?.format(now) ?? null;
}

/** How far *now* is between two moments (all in ms), 0 to 1. */
export function passed(from: number, to: number, now: number): number {
  return to > from ? Math.min(1, Math.max(0, (now - from) / (to - from))) : 1;
}

/** The house's time as this machine knows it. */
export class HouseClock {
  private offset = 0;

  constructor(private readonly own: () => number) {}

  /** The house said that it is *moment* (RFC 3339); what cannot be read changes nothing. */
  set(moment: string | undefined): void {
    const said = Date.parse(moment ?? "");
    if (!Number.isNaN(said)) this.offset = said - this.own();
  }

  /** Milliseconds since 1970 in the house. */
  now(): number {
    return this.own() + this.offset;
  }
}

function show(element: HTMLElement, now: number): void {
  const { since, until, from, to, zone } = element.dataset;
  if (element instanceof HTMLProgressElement) {
    element.value = passed(Date.parse(from ?? ""), Date.parse(to ?? ""), now) * element.max;
    return;
  }
  if (zone !== undefined) {
    write(element, clockIn(zone, now) ?? element.textContent);
    return;
  }
  const length = since !== undefined ? now - Date.parse(since) : Date.parse(until ?? "") - now;
  write(element, written(length / 1000));
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Tick *page* until it is left; what is put into it later ticks before it is painted. */
export function startTimers(page: Document): void {
  const clock = new HouseClock(Date.now);
  clock.set(page.body.dataset["now"]);
  const tick = (): void => {
    const now = clock.now();
    for (const element of page.querySelectorAll<HTMLElement>(MOVING)) show(element, now);
  };
  page.addEventListener("live:event", ({ detail }: CustomEvent<Frame>) => {
    clock.set((detail.data as { at?: string }).at); // ticks and snapshots say what time it is
  });
  new MutationObserver((changes) => {
    // Our own writing is a change too, but adds no element.
    if (changes.some(({ addedNodes, removedNodes }) => touched(addedNodes) || emptied(removedNodes))) tick();
  }).observe(page.body, { childList: true, subtree: true });
  tick();
  setInterval(tick, TICK_MS);
}

function touched(nodes: NodeList): boolean {
  return [...nodes].some((node) => node.nodeType === 1);
}

function emptied(nodes: NodeList): boolean {
  return [...nodes].some((node) => node.nodeType === 3 && node.textContent !== "");
}

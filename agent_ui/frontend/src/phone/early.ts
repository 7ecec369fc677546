// The card comes before the bell: who is quick presses Answer before the phone has heard of the call, and
// after a reload before there is a phone at all.

import type { Shown } from "./match";
import type { Command, LineState, Phone } from "./model";

/** How long a call that is shown may take to ring: with a phone that is there, and with one that is coming. */
const RINGS_MS = 3000;
const COMES_MS = 8000;
const COMING = new Set<LineState>(["starting", "lost", "off"]);

/** How long a wish is kept on a phone whose line is *line*; null: nothing will ring here. */
export function patience(line: LineState): number | null {
  if (line === "ready") return RINGS_MS;
  return COMING.has(line) ? COMES_MS : null;
}

/** A wish for a call that the panel shows and that is about to ring. */
export class Early {
  private wish: { do: "answer" | "decline"; shown: string; until: number } | null = null;

  /** *shown*: the call's id in the house; *ms*: how long it is wished. */
  want(what: "answer" | "decline", shown: string, now: number, ms: number): void {
    this.wish = { do: what, shown, until: now + ms };
  }

  /** What to ask for, now that *phone* is like this and the panel shows *all*; null as long as nothing rings. */
  take(phone: Phone, all: readonly Shown[], now: number): Command | null {
    const ringing = phone.calls.find(({ stage }) => stage === "ringing");
    if (this.wish === null || ringing === undefined) return null;
    const { do: what, shown, until } = this.wish;
    this.wish = null;
    const same = all.some(({ id, part }) => id === shown && part === "offered");
    return same && now < until ? { do: what, call: ringing.id } : null;
  }

  /** Whether a wish was made that nothing came of: the call rings elsewhere, or the phone did not come. */
  missed(now: number): boolean {
    if (this.wish === null || now < this.wish.until) return false;
    this.wish = null;
    return true;
  }
}

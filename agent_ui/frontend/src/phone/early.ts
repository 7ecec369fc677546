// The card comes before the bell: who is quick presses Answer before the phone has heard of the call.

import type { Command, Phone } from "./model";

const LONGEST_MS = 3000;

/** A wish for a call that is about to ring. */
export class Early {
  private wish: { do: "answer" | "decline"; until: number } | null = null;

  want(what: "answer" | "decline", now: number): void {
    this.wish = { do: what, until: now + LONGEST_MS };
  }

  /** What to ask for, now that the phone is like this; null as long as nothing rings. */
  take(phone: Phone, now: number): Command | null {
    const ringing = phone.calls.find(({ stage }) => stage === "ringing");
    if (this.wish === null || ringing === undefined) return null;
    const { do: what, until } = this.wish;
    this.wish = null;
    return now < until ? { do: what, call: ringing.id } : null;
  }

  /** Whether a wish was made that nothing came of: the call rings elsewhere. */
  missed(now: number): boolean {
    if (this.wish === null || now < this.wish.until) return false;
    this.wish = null;
    return true;
  }

  static readonly longest = LONGEST_MS;
}

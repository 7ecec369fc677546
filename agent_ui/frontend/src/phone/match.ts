// Which of the phone's calls a call of the house is. The feed knows calls by their id in the house, SIP by
// its own; both know the direction, and who has more than one call has one on hold.

import type { Call } from "./model";

/** A call as the desk's panel shows it. */
export interface Shown {
  id: string;
  part: string; // offered, talking, held
  direction: string; // in, out, internal
}

/** The call of *calls* that *shown*, one of *all*, is; null when it is on another phone. */
export function ofPhone(shown: Shown, all: readonly Shown[], calls: readonly Call[]): Call | null {
  const fitting = calls.filter((call) => fits(shown, call));
  if (fitting.length < 2) return fitting[0] ?? null;
  // The customer came in and waits; the colleague was called and is about the customer.
  const side = fitting.filter((call) => (call.about !== null) === asksColleague(shown, all));
  return side.find((call) => call.held === (shown.part === "held")) ?? side[0] ?? fitting[0] ?? null;
}

/** Ids of *calls* that the panel shows as one of *all*. */
export function shownIn(all: readonly Shown[], calls: readonly Call[]): Set<string> {
  const found = new Map(all.map((each) => [each, ofPhone(each, all, calls)?.id]));
  const ids = new Set([...found.values()].filter((id) => id !== undefined));
  for (const [each, id] of found) {
    if (each.part !== "offered" || id !== undefined) continue;
    // The phone knows a moment before the house that it has answered.
    const answered = calls.find((call) => call.stage === "talking" && call.direction === "in" && !ids.has(call.id));
    if (answered !== undefined) ids.add(answered.id);
  }
  return ids;
}

function fits(shown: Shown, call: Call): boolean {
  if (shown.part === "offered") return call.stage === "ringing" || call.stage === "answering";
  return call.stage === "talking" || call.stage === "calling" || call.stage === "answering";
}

function asksColleague(shown: Shown, all: readonly Shown[]): boolean {
  return shown.direction === "internal" && all.some((other) => other.id !== shown.id && other.part !== "offered");
}

// Draws what only the phone knows on the buttons of calls: muted, asked for and not yet a fact.
// `data-phone="answer|decline|hold|mute|transfer|keypad|end"` inside `data-call` (of the house) or
// `data-sip` (of this phone, where the house has none).

import { ofPhone, type Shown } from "./match";
import type { Call, Command, Phone } from "./model";
import type { Pending } from "./pending";

const WAITS_FOR_FACT = new Set(["answer", "decline", "hold", "end", "transfer", "join"]);

/** A pressed button: what it asks for and of which call, of the phone and (*shown*) of the house; *key* and
 * *fact* are for `Pending`. */
export interface Press {
  act: string;
  call: Call | null;
  shown: string | null;
  key: string;
  fact: string;
}

/** The calls that the desk's panel shows. */
export function shownCalls(page: Document): Shown[] {
  return [...page.querySelectorAll<HTMLElement>("[data-call][data-part]")].map(({ dataset }) => ({
    id: dataset["call"] ?? "",
    part: dataset["part"] ?? "",
    direction: dataset["direction"] ?? "",
  }));
}

/** What *button* asks for, with *phone* as it is. */
export function pressOf(button: HTMLElement, phone: Phone): Press {
  const act = button.dataset["phone"] ?? "";
  const own = button.closest<HTMLElement>("[data-sip]");
  const section = button.closest<HTMLElement>("[data-call]");
  if (own !== null) {
    const call = phone.calls.find(({ id }) => id === own.dataset["sip"]) ?? null;
    return { act, call, shown: null, key: `${act} ${call?.id ?? ""}`, fact: `${call?.stage ?? ""} ${call?.held ?? ""}` };
  }
  const all = shownCalls(button.ownerDocument);
  const shown = all.find(({ id }) => id === section?.dataset["call"]);
  const call = shown === undefined ? null : ofPhone(shown, all, phone.calls);
  // The same call offered again is another fact: what was pressed for the first offer is done.
  const fact = `${shown?.part ?? ""} ${section?.dataset["offer"] ?? ""}`;
  return { act, call, shown: shown?.id ?? null, key: `${act} ${shown?.id ?? ""}`, fact };
}

/** What *press* tells the phone; null for what is asked for in a dialog first. */
export function commandOf({ act, call }: Press): Command | null {
  if (call === null) return null;
  switch (act) {
    case "answer":
    case "decline":
    case "end":
    case "join":
      return { do: act, call: call.id };
    case "hold":
      return { do: act, call: call.id, on: !call.held };
    case "mute":
      return { do: act, call: call.id, on: !call.muted };
    default:
      return null;
  }
}

/** Note the wish of *press*; whether one like it was not waiting already. */
export function wish(press: Press, pending: Pending, now: number): boolean {
  if (!WAITS_FOR_FACT.has(press.act)) return true;
  if (pending.waits(press.key, press.fact, now)) return false;
  if (press.act !== "transfer") pending.press(press.key, press.fact, now);
  return true;
}

/** Draw all buttons of *page*; again after each change, as the feed draws them without it. */
export function drawButtons(page: Document, phone: Phone, pending: Pending, now: number): void {
  for (const button of page.querySelectorAll<HTMLElement>("[data-call] [data-phone], [data-sip] [data-phone]")) {
    const press = pressOf(button, phone);
    const waits = pending.waits(press.key, press.fact, now);
    set(button, "aria-busy", waits ? "true" : null);
    if (press.act === "mute") set(button, "aria-pressed", String(press.call?.muted ?? false));
    if (press.act === "hold" && button.closest("[data-sip]") !== null) {
      set(button, "aria-pressed", String(press.call?.held ?? false));
    }
  }
}

function set(element: HTMLElement, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

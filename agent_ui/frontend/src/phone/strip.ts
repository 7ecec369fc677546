// The phone's own part of the page: its state at the top, and calls that the desk's panel does not show.

import { shownCalls } from "./buttons";
import { shownIn } from "./match";
import type { Call, Phone } from "./model";

/** Whom a switch names that may not say who calls (RFC 3323, 4.1). */
const ANONYMOUS = "anonymous";

/** Show *phone* on *page*. */
export function drawStrip(page: Document, phone: Phone, silent: boolean): void {
  page.body.dataset["phoneIs"] = phone.line;
  for (const words of page.querySelectorAll<HTMLElement>("[data-phone-line]")) {
    words.hidden = words.dataset["phoneLine"] !== phone.line;
  }
  for (const words of page.querySelectorAll<HTMLElement>("[data-phone-microphone]")) {
    words.hidden = words.dataset["phoneMicrophone"] !== phone.microphone;
  }
  for (const words of page.querySelectorAll<HTMLElement>("[data-phone-silent]")) words.hidden = !silent;
  drawCalls(page, phone);
}

function drawCalls(page: Document, phone: Phone): void {
  const place = page.getElementById("phone-calls");
  const pattern = page.getElementById("phone-call");
  if (place === null || !(pattern instanceof HTMLTemplateElement)) return;
  const inPanel = shownIn(shownCalls(page), phone.calls);
  // One that asks a colleague is drawn here too: only here it can be joined.
  const calls = phone.calls.filter((call) => !inPanel.has(call.id) || call.about !== null || call.weak);
  for (const card of [...place.children]) {
    if (card instanceof HTMLElement && !calls.some(({ id }) => id === card.dataset["sip"])) card.remove();
  }
  for (const call of calls) draw(cardOf(place, pattern, call), call, inPanel.has(call.id));
  place.hidden = calls.length === 0;
}

function cardOf(place: HTMLElement, pattern: HTMLTemplateElement, call: Call): HTMLElement {
  const there = [...place.children].find((card) => card instanceof HTMLElement && card.dataset["sip"] === call.id);
  if (there instanceof HTMLElement) return there;
  const card = pattern.content.firstElementChild?.cloneNode(true) as HTMLElement;
  card.dataset["sip"] = call.id;
  place.append(card);
  return card;
}

/** Parts of the card say in `data-when` in which states they are seen: any of their words must hold. */
function draw(card: HTMLElement, call: Call, elsewhere: boolean): void {
  const is = new Set<string>([call.stage, call.direction]);
  if (call.about === null) is.add(`${call.direction}-${call.stage}`);
  if (call.weak) is.add("weak");
  if (call.about !== null) is.add(`about-${call.stage}`);
  if (call.stage === "talking" && !elsewhere) is.add(call.about === null ? "alone" : "asking");
  for (const part of card.querySelectorAll<HTMLElement>("[data-when]")) {
    part.hidden = !(part.dataset["when"] ?? "").split(" ").some((word) => is.has(word));
  }
  const name = card.querySelector<HTMLElement>("[data-party]");
  const withheld = call.party === ANONYMOUS ? name?.dataset["withheld"] : undefined;
  const text = withheld ?? (call.name === "" ? call.party : call.name);
  if (name !== null && name.textContent !== text) name.textContent = text;
}

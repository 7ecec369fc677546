// The middle of the desk follows the call; who looked up another card goes back by themselves or by the next call.

import htmx from "htmx.org/dist/htmx.esm.js";

import { keepTyped } from "./keeping";
import { repeatNotes } from "./notes";
import { catchUp } from "./touches";

const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5000;
const READ_TIMEOUT_MS = 8000;

interface Shown {
  call: string | undefined;
  card: string | undefined;
}

/** Follow the call in focus, and what is looked up, until *page* is left. */
export function startWork(page: Document): void {
  const who = page.getElementById("who");
  if (who === null) return;
  const work = new Work(page, who);
  page.addEventListener("live:event", () => work.follow());
  page.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-show-card], [data-show-call], [data-back]") : null;
    // A link to a card opens a page of its own only for who asks for that.
    if (pressed === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    work.pressed(pressed.dataset);
  });
  work.follow();
}

class Work {
  private live: Shown;
  private asked = 0;
  private asking: Shown | null = null; // what is on its way: news of others must not ask for it again and again
  private retry = 0;

  constructor(
    private readonly page: Document,
    private readonly who: HTMLElement,
  ) {
    this.live = this.focus();
    if (page.querySelector("#work[data-away]") !== null) this.later(() => this.showCall(this.live.call), RETRY_MS);
  }

  /** The live feed may have said that another call is in focus, or whose card it is. */
  follow(): void {
    const now = this.focus();
    const before = this.live;
    this.live = now;
    // An answer that is on its way may have been written before the card was known.
    const here = this.shown().call === now.call || this.asking?.call === now.call;
    if (now.call !== undefined && (now.call !== before.call || (now.card !== before.card && here))) {
      void this.show(`/desk/calls/${now.call}`, now);
    } else if (now.call !== undefined && this.shown().call === undefined && this.shown().card === undefined && !this.asks(now)) {
      void this.show(`/desk/calls/${now.call}`, now);
    }
    this.offerWayBack();
  }

  pressed(data: DOMStringMap): void {
    const { showCard, showCall } = data;
    if (showCard !== undefined) void this.show(`/desk/cards/${showCard}`, { call: undefined, card: showCard });
    else this.showCall(showCall ?? this.live.call);
    this.openTab();
  }

  private showCall(call: string | undefined): void {
    if (call !== undefined) void this.show(`/desk/calls/${call}`, { call, card: undefined });
  }

  /** Read and show; what was asked for later wins, and what could not be read is asked for again. */
  private async show(address: string, wanted: Shown, tries = 0): Promise<void> {
    const number = ++this.asked;
    clearTimeout(this.retry);
    this.asking = wanted;
    const began = performance.now();
    const text = await this.read(address);
    if (number !== this.asked) return;
    if (text === null) {
      if (!this.shows(wanted)) this.sayAway();
      this.later(() => void this.show(address, wanted, tries + 1), Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** tries));
      return;
    }
    this.asking = null;
    if (text !== "") {
      await this.put(text, wanted);
      catchUp(this.who, began);
    }
    if (this.page.querySelector("#work[data-away]") !== null) this.later(() => void this.show(address, wanted), 3 * RETRY_MS);
  }

  /** The fragment; null when it cannot be read now, empty when there is nothing to be shown. */
  private async read(address: string): Promise<string | null> {
    try {
      const answer = await fetch(address, {
        headers: { "HX-Request": "true" },
        redirect: "manual",
        signal: AbortSignal.timeout(READ_TIMEOUT_MS),
      });
      if (answer.ok) return await answer.text();
      return answer.status >= 500 || answer.type === "opaqueredirect" ? null : "";
    } catch {
      return null;
    }
  }

  private async put(text: string, wanted: Shown): Promise<void> {
    const target = this.page.getElementById("work");
    // The same call drawn anew keeps its note and next step as they stand; another one takes the whole place.
    const same = target !== null && this.shows(wanted) && wanted.call !== undefined;
    for (const leaves of same ? target.querySelectorAll("[data-editing]") : [this.who]) keepTyped(leaves);
    if (same) await htmx.swap({ text, target, sourceElement: target, swap: "outerMorph" });
    else await htmx.swap({ text, target: this.who, sourceElement: this.who, swap: "innerHTML" });
    repeatNotes();
    this.offerWayBack();
  }

  private sayAway(): void {
    const waiting = this.page.getElementById("work-away");
    if (!(waiting instanceof HTMLTemplateElement)) return;
    keepTyped(this.who);
    this.who.replaceChildren(waiting.content.cloneNode(true));
  }

  private offerWayBack(): void {
    const back = this.page.getElementById("back");
    const { call } = this.live;
    if (back !== null) back.hidden = call === undefined || this.shown().call === call || this.asking?.call === call;
  }

  /** Where columns are folded into tabs, the card comes to the front. */
  private openTab(): void {
    const tab = this.page.querySelector<HTMLInputElement>(".tab-who input");
    if (tab !== null) tab.checked = true;
  }

  private shows(wanted: Shown): boolean {
    const shown = this.shown();
    return wanted.call !== undefined ? shown.call === wanted.call : shown.call === undefined && shown.card === wanted.card;
  }

  private asks(wanted: Shown): boolean {
    return this.asking !== null && this.asking.call === wanted.call && this.asking.card === wanted.card;
  }

  private shown(): Shown {
    return about(this.page.getElementById("work"));
  }

  private focus(): Shown {
    return about(this.page.getElementById("focus"));
  }

  private later(act: () => void, ms: number): void {
    clearTimeout(this.retry);
    this.retry = window.setTimeout(act, ms);
  }
}

function about(element: HTMLElement | null): Shown {
  return { call: element?.dataset["call"], card: element?.dataset["card"] };
}

// The phone's dialogs: to whom to transfer or whom to call, and the keypad.

import type { Call, Command } from "./model";
import { Typed, looksLikeNumber, type Place } from "./typed";

type Ask = (command: Command) => void;

/** Look after the dialogs of *page*; *talking* is the call that goes on, if there is one. */
export class Dialogs {
  private call: string | null = null;
  private readonly typed: Typed | null;

  constructor(
    private readonly page: Document,
    private readonly ask: Ask,
    fail: () => void,
  ) {
    const line = page.querySelector<HTMLElement>("#phone-typed[data-outside]");
    this.typed = line === null ? null : new Typed(placeOf(line, fail));
    page.addEventListener("click", ({ target }) => {
      if (target instanceof Element) this.press(target);
    });
    this.filter?.addEventListener("input", () => this.change());
    this.filter?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.enter(this.filter?.value ?? "");
    });
  }

  private change(): void {
    this.sift();
    if (this.call === null) this.typed?.change(this.filter?.value ?? "");
  }

  /** The first of the list; a number outside, or what might be one, is for the house to read. */
  private enter(text: string): void {
    const first = this.people?.querySelector<HTMLElement>("[data-number]:not([hidden]) button");
    const outside = this.call === null ? this.typed : null;
    if (outside !== null && (looksLikeNumber(text) || first == null)) outside.enter();
    else first?.click();
  }

  /** Choose whom to give *call* to, or without one whom to call. */
  openPeople(call: Call | null): void {
    this.call = call?.id ?? null;
    const dialog = this.dialog("phone-people");
    if (dialog === null || this.people === null) return;
    dialog.dataset["for"] = call === null ? "call" : "transfer";
    if (this.filter !== null) this.filter.value = "";
    this.typed?.change("");
    void this.fetchPeople(this.people);
    if (!dialog.open) dialog.showModal();
    this.filter?.focus();
  }

  openKeypad(call: Call): void {
    this.call = call.id;
    const sent = this.page.getElementById("phone-digits");
    if (sent !== null) sent.textContent = "";
    const dialog = this.dialog("phone-keypad");
    if (dialog !== null && !dialog.open) dialog.showModal();
  }

  /** Close what was about a call that is over. */
  settle(calls: readonly Call[]): void {
    if (this.call === null || calls.some(({ id }) => id === this.call)) return;
    this.call = null;
    for (const id of ["phone-people", "phone-keypad"]) this.dialog(id)?.close();
  }

  private get filter(): HTMLInputElement | null {
    const field = this.page.getElementById("field-phone-filter");
    return field instanceof HTMLInputElement ? field : null;
  }

  private get people(): HTMLElement | null {
    return this.page.getElementById("phone-list");
  }

  private dialog(id: string): HTMLDialogElement | null {
    const dialog = this.page.getElementById(id);
    return dialog instanceof HTMLDialogElement ? dialog : null;
  }

  private async fetchPeople(place: HTMLElement): Promise<void> {
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/phone/colleagues", { signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...html.body.childNodes);
    } catch {
      const words = this.page.getElementById("phone-no-list");
      if (words instanceof HTMLTemplateElement) place.replaceChildren(words.content.cloneNode(true));
    } finally {
      place.removeAttribute("aria-busy");
    }
    this.sift();
  }

  private sift(): void {
    const wanted = plain((this.filter?.value ?? "").trim());
    for (const row of this.people?.querySelectorAll<HTMLElement>("[data-number]") ?? []) {
      row.hidden = !plain(`${row.dataset["name"] ?? ""} ${row.dataset["number"] ?? ""}`).includes(wanted);
    }
  }

  private press(target: Element): void {
    const button = target.closest<HTMLElement>("[data-digit], [data-how]");
    const { digit, how } = button?.dataset ?? {};
    if (digit !== undefined && this.call !== null) this.digit(this.call, digit);
    const row = button?.closest<HTMLElement>("[data-number]");
    if (how === undefined || row === null || row === undefined) return;
    const { number: to = "", name = "" } = row.dataset;
    this.dialog("phone-people")?.close();
    if (this.call === null) this.ask({ do: "dial", to, name });
    else if (how === "ask") this.ask({ do: "ask", call: this.call, to, name });
    else this.ask({ do: "transfer", call: this.call, to });
  }

  private digit(call: string, digits: string): void {
    this.ask({ do: "digits", call, digits });
    const sent = this.page.getElementById("phone-digits");
    if (sent !== null) sent.textContent = `${sent.textContent}${digits}`.slice(-24);
  }
}

/** The line of the number typed, over the list. */
function placeOf(line: HTMLElement, fail: () => void): Place {
  return {
    read: async (text, done) => {
      const query = new URLSearchParams({ typed: text, ...(done ? { done: "true" } : {}) });
      try {
        const answer = await fetch(`/phone/number?${query}`, { signal: AbortSignal.timeout(8000) });
        return answer.ok ? await answer.text() : null;
      } catch {
        return null;
      }
    },
    show: (html) => line.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes),
    call: () => {
      const button = line.querySelector<HTMLElement>("[data-number] button");
      button?.click();
      return button !== null;
    },
    fail,
    later: (act, ms) => window.setTimeout(act, ms),
    cancel: (timer) => window.clearTimeout(timer),
  };
}

/** *text* without case and marks: `ilqar` finds İlqar, and `isiqli` Işıqlı. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ı", "i");
}

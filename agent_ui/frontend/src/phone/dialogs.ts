// The phone's dialogs: to whom to transfer or whom to call, and the keypad.

import type { Call, Command } from "./model";

type Ask = (command: Command) => void;

/** Look after the dialogs of *page*; *talking* is the call that goes on, if there is one. */
export class Dialogs {
  private call: string | null = null;

  constructor(
    private readonly page: Document,
    private readonly ask: Ask,
  ) {
    page.addEventListener("click", ({ target }) => {
      if (target instanceof Element) this.press(target);
    });
    this.filter?.addEventListener("input", () => this.sift());
    this.filter?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.people?.querySelector<HTMLElement>("[data-number]:not([hidden]) button")?.click();
    });
  }

  /** Choose whom to give *call* to, or without one whom to call. */
  openPeople(call: Call | null): void {
    this.call = call?.id ?? null;
    const dialog = this.dialog("phone-people");
    if (dialog === null || this.people === null) return;
    dialog.dataset["for"] = call === null ? "call" : "transfer";
    if (this.filter !== null) this.filter.value = "";
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
    const wanted = (this.filter?.value ?? "").trim().toLocaleLowerCase();
    for (const row of this.people?.querySelectorAll<HTMLElement>("[data-number]") ?? []) {
      row.hidden = !`${row.dataset["name"] ?? ""} ${row.dataset["number"] ?? ""}`.toLocaleLowerCase().includes(wanted);
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

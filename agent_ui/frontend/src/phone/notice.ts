// A notice on the desktop while a call rings and nobody looks at the page.

import type { Phone } from "./model";

export class Notice {
  private shown: Notification | null = null;
  private call: string | null = null;

  constructor(private readonly page: Document) {}

  /** Show the call of *phone* that rings; take back what no longer does. */
  draw(phone: Phone): void {
    const ringing = phone.calls.find(({ stage }) => stage === "ringing");
    if (ringing?.id === this.call) return;
    this.shown?.close();
    this.shown = null;
    this.call = ringing?.id ?? null;
    if (ringing === undefined || this.page.hasFocus()) return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    // The card came before the bell: the desk knows who it is.
    const name = this.page.querySelector('[data-part="offered"] .call-name')?.textContent?.trim();
    const title = this.page.getElementById("phone-notice")?.textContent?.trim() ?? "";
    const body = name !== undefined && name !== "" ? name : ringing.name || ringing.party;
    this.shown = new Notification(title, { body, tag: ringing.id, requireInteraction: true });
    this.shown.onclick = () => {
      window.focus();
      this.shown?.close();
    };
  }
}

// A notice on the desktop while a call rings and nobody looks at any tab of the house.

import type { Phone } from "./model";

const ASK_MS = 150; // within this another tab says that it is looked at

export class Notice {
  private shown: Notification | null = null;
  private call: string | null = null;
  private asking = 0;

  /** *tabs*: what the tabs of this browser tell each other of being looked at. */
  constructor(
    private readonly page: Document,
    private readonly tabs: BroadcastChannel,
  ) {
    tabs.onmessage = ({ data }) => {
      if (data === "looked at?" && page.hasFocus()) tabs.postMessage("here");
      if (data === "here") window.clearTimeout(this.asking);
    };
  }

  /** Show the call of *phone* that rings; take back what no longer does. */
  draw(phone: Phone): void {
    const ringing = phone.calls.find(({ stage }) => stage === "ringing");
    if (ringing?.id === this.call) return;
    window.clearTimeout(this.asking);
    this.shown?.close();
    this.shown = null;
    this.call = ringing?.id ?? null;
    if (ringing === undefined || this.page.hasFocus()) return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    this.tabs.postMessage("looked at?");
    this.asking = window.setTimeout(() => this.show(ringing.id, ringing.name || ringing.party), ASK_MS);
  }

  private show(call: string, party: string): void {
    // The card came before the bell: the desk knows who it is.
    const name = this.page.querySelector('[data-part="offered"] .call-name')?.textContent?.trim() ?? "";
    const title = this.page.getElementById("phone-notice")?.textContent?.trim() ?? "";
    const shown = new Notification(title, { body: name || party, tag: call, requireInteraction: true });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    this.shown = shown;
  }
}

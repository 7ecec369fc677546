// A number is pressed by somebody whose phone is not in the browser: the house lets that one ring, and dials.
// With a phone in the browser it is phone.ts that calls.

import { showToast } from "./toasts";

const TIMEOUT_MS = 10_000;
const BUSY = "aria-busy";

/** Look after `[data-dial]` on *page*. */
export function startDialling(page: Document): void {
  if (page.getElementById("phone") !== null) return;
  page.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-dial]") : null;
    if (button !== null && !button.hasAttribute(BUSY)) void dial(page, button);
  });
}

async function dial(page: Document, button: HTMLElement): Promise<void> {
  const { dial: number = "", title = number } = button.dataset;
  button.setAttribute(BUSY, "true"); // pressed twice it would ring twice
  try {
    const answer = await fetch("/phone/dial", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ number }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.ok) showToast(page, "toast-pick-up", title);
    else showToast(page, "toast-not-dialled", await why(answer));
  } catch {
    showToast(page, "toast-unreachable");
  } finally {
    button.removeAttribute(BUSY);
  }
}

/** What the house said of it, in the reader's language. */
async function why(answer: Response): Promise<string> {
  const said = (await answer.json()) as { detail?: string; hint?: string | null };
  return [said.detail, said.hint].filter((words) => words != null).join(" ");
}

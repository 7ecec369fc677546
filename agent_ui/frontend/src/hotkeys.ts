// Presses what has the key: `data-key` is printed on the button, `data-key-also` works beside it.

import { keyName, worksWhileTyping } from "./keys";

const KEYED = "[data-key], [data-key-also]";
const FIELD = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
const PRESSED_BY_SPACE = "button, summary, a, label, input, [role=button]";

/** Listen on *page* until it is left. */
export function startHotkeys(page: Document): void {
  page.addEventListener("keydown", (event) => {
    const name = keyName(event);
    if (name === null || event.repeat || event.defaultPrevented) return;
    const focus = page.activeElement;
    if (focus?.matches(FIELD) === true && !worksWhileTyping(name)) return;
    // Who came to a text by its key leaves it so, and has all keys again.
    if (name === "Escape" && focus instanceof HTMLTextAreaElement && focus.dataset["key"] !== undefined) return focus.blur();
    // Who came to a button by keyboard presses that button.
    if (name === "Space" && focus?.matches(PRESSED_BY_SPACE) === true) return;
    const found = name === "?" ? sheetOf(page) : withKey(page, name);
    if (found === null) return;
    event.preventDefault();
    press(found);
  });
  let rings = false;
  page.addEventListener("live:event", () => {
    const focus = page.activeElement;
    const before = rings;
    rings = withKey(page, "Space") !== null;
    // Who stood on a button when the bell began answers by Space all the same.
    if (rings && !before && focus instanceof HTMLElement && focus.matches(PRESSED_BY_SPACE) && !focus.matches(FIELD)) focus.blur();
  });
  page.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-shows-keys]") !== null) sheetOf(page)?.showModal();
  });
  // A button clicked by mouse does not keep the focus: the next Space is for the call, not for it.
  page.addEventListener("click", (event) => {
    const clicked = event.target instanceof Element ? event.target.closest<HTMLElement>("button, summary") : null;
    if (event.detail > 0) clicked?.blur();
  });
}

function withKey(page: Document, name: string): HTMLElement | null {
  const found = [...page.querySelectorAll<HTMLElement>(KEYED)].filter((each) => carries(each, name) && usable(each));
  // A dialog has the keys for itself, but for those that answer and end everywhere.
  const dialog = /^F\d/.test(name) ? null : page.querySelector("dialog[open]");
  return found.find((each) => dialog === null || dialog.contains(each)) ?? null;
}

function carries(element: HTMLElement, name: string): boolean {
  return element.dataset["key"] === name || element.dataset["keyAlso"] === name;
}

function usable(element: HTMLElement): boolean {
  return !element.matches(":disabled, [aria-disabled=true]") && element.closest("[hidden], dialog:not([open])") === null;
}

function press(element: HTMLElement): void {
  if (element instanceof HTMLDialogElement) {
    if (!element.open) element.showModal();
  } else if (element.matches(FIELD)) {
    element.focus();
    if (element instanceof HTMLInputElement) element.select();
  } else {
    element.click();
  }
}

/** The sheet of all keys, filled with those of the page as it is now. */
function sheetOf(page: Document): HTMLDialogElement | null {
  const sheet = page.querySelector<HTMLDialogElement>("dialog#keys");
  const list = sheet?.querySelector("dl");
  if (sheet === null || list === null || list === undefined) return null;
  const byKey = new Map<string, HTMLElement>();
  for (const element of page.querySelectorAll<HTMLElement>(KEYED)) {
    const key = element.dataset["key"] ?? element.dataset["keyAlso"] ?? "";
    if (usable(element) && !byKey.has(key)) byKey.set(key, element);
  }
  list.replaceChildren(...[...byKey.values()].flatMap((element) => row(page, element)));
  return sheet;
}

/** What a key is called on its button, and what the button does. */
function row(page: Document, element: HTMLElement): HTMLElement[] {
  const [term, words] = [page.createElement("dt"), page.createElement("dd")];
  const { key, keyAlso } = element.dataset;
  const printed = element.querySelector("kbd")?.textContent ?? key?.replace("+", " ");
  for (const name of [printed, keyAlso]) {
    if (name === undefined) continue;
    const shown = page.createElement("kbd");
    shown.textContent = name;
    term.append(shown, " ");
  }
  words.textContent = element.getAttribute("aria-label") ?? element.querySelector("span")?.textContent ?? element.textContent;
  return [term, words];
}

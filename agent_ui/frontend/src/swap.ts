// Puts a fragment in the place of the element with its id, and keeps what somebody is writing there.

import htmx from "htmx.org/dist/htmx.esm.js";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** Put *html* in the place of the element `#id`; a page without it has nothing to change. */
export async function put(page: Document, id: string, html: string): Promise<void> {
  const target = page.getElementById(id);
  if (target === null) return;
  const typed = typedIn(target);
  await htmx.swap({ text: html, target, sourceElement: target, swap: "outerMorph" });
  for (const [field, value] of typed) {
    const now = page.getElementById(field);
    if (isField(now) && now.value !== value) now.value = value;
  }
}

/** Texts that somebody wrote and the server does not know yet, by the id of their field. */
function typedIn(target: Element): Map<string, string> {
  const typed = new Map<string, string>();
  for (const field of target.querySelectorAll("input[id], textarea[id]")) {
    if (isField(field) && field.value !== field.defaultValue) typed.set(field.id, field.value);
  }
  return typed;
}

function isField(element: Element | null): element is Field {
  return element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;
}

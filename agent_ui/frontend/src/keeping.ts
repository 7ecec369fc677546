// Forms whose text is not lost, `form[data-place=<id>]`: the answer takes the place of that element. Sending one sends
// whatever stands unsaved in the same place, and so does leaving it: by Escape (`[data-leave]`), by the next call,
// or with the page.

import { Saving, type Word } from "./saving";
import { put } from "./swap";
import { showToast } from "./toasts";

const FORMS = "form[data-place]";
const TIMEOUT_MS = 8000;
const saving = new Saving();

/** Look after the forms of *page*. */
export function startKeeping(page: Document): void {
  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches(FORMS)) return;
    event.preventDefault();
    if (saving.has(about(form))) return; // pressed twice
    const place = placeOf(form);
    const others = unsaved(place).filter((other) => other !== form);
    void saving.send(place.id, [...others, form].map((each) => word(each, true)));
  });
  page.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-leave]") : null;
    if (button !== null) void leave(page, button.dataset);
  });
  // Who comes to a field that stands open mostly writes it anew.
  page.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLInputElement && target.autofocus) target.select();
  });
  addEventListener("pagehide", () => keepTyped(page.body));
}

/** *where* goes away: what stands unsaved in it is saved, all at once, and what is not taken is said. */
export function keepTyped(where: Element): void {
  for (const form of formsIn(where).filter(holds)) {
    const [page, text, address, fields] = [form.ownerDocument, typed(form), form.action, body(form)];
    const tell = async (): Promise<boolean> => {
      const answer = await ask(address, fields);
      if (answer?.ok !== true) showToast(page, "toast-unsaved", text);
      return answer?.ok === true;
    };
    void saving.now({ about: about(form), tell });
  }
}

async function leave(page: Document, { leave: address = "", place = "" }: DOMStringMap): Promise<void> {
  const words = (): Word[] => unsaved(page.getElementById(place)).map((form) => word(form, false));
  await saving.leave(place, words, async () => {
    const answer = await ask(address);
    if (answer !== null) await show(page, place, answer);
    else showToast(page, "toast-unreachable");
  });
}

/** What *form* says now: the answers to others draw its place anew. *stays*: what was taken is shown there. */
function word(form: HTMLFormElement, stays: boolean): Word {
  const [page, address, fields, place] = [form.ownerDocument, form.action, body(form), placeOf(form).id];
  const tell = async (): Promise<boolean> => {
    form.setAttribute("aria-busy", "true");
    const answer = await ask(address, fields);
    form.removeAttribute("aria-busy");
    const same = body(form).toString() === fields.toString();
    if (answer === null) showToast(page, "toast-unreachable");
    else if (answer.ok && same && !stays) known(form);
    else await show(page, place, answer, same ? form : undefined);
    return answer?.ok === true;
  };
  return { about: about(form), tell };
}

/** What it changes: its address, and what it says of how that was. */
function about(form: HTMLFormElement): string {
  const hidden = [...form.querySelectorAll<HTMLInputElement>("input[type=hidden]")];
  return [form.action, ...hidden.map(({ name, value }) => `${name}=${value}`)].join(" ");
}

interface Answer {
  ok: boolean;
  html: string;
  toast: boolean;
}

/** What the house answers; null when it does not. */
async function ask(address: string, body?: URLSearchParams): Promise<Answer | null> {
  try {
    const answer = await fetch(address, {
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body }),
      headers: { "HX-Request": "true" },
      redirect: "manual",
      keepalive: true, // also of a page that is being left
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.headers.get("Content-Type")?.startsWith("text/html") !== true) return null;
    return { ok: answer.ok, html: await answer.text(), toast: answer.headers.has("HX-Retarget") };
  } catch {
    return null;
  }
}

/** Put the answer in its place. What *form* said is known to the house now; other texts stay as they stand. */
async function show(page: Document, place: string, { html, toast }: Answer, form?: HTMLFormElement): Promise<void> {
  if (toast) return page.getElementById("toasts")?.insertAdjacentHTML("beforeend", html);
  form?.reset();
  await put(page, place, html);
}

function placeOf(form: HTMLFormElement): Element {
  return form.ownerDocument.getElementById(form.dataset["place"] ?? "") ?? form;
}

function formsIn(where: Element | null): HTMLFormElement[] {
  return [...(where?.querySelectorAll<HTMLFormElement>(FORMS) ?? [])];
}

/** Whether *form* holds something the house does not know, and could take. */
function holds(form: HTMLFormElement): boolean {
  return form.checkValidity() && typed(form) !== "";
}

/** The forms in *where* whose words are neither known to the house nor on their way. */
function unsaved(where: Element | null): HTMLFormElement[] {
  return formsIn(where).filter((form) => holds(form) && !saving.has(about(form)));
}

/** What stands in *form* and not in the house. */
function typed(form: HTMLFormElement): string {
  const texts = [...form.elements].map((field) => {
    if (field instanceof HTMLSelectElement) return [...field.selectedOptions].find((each) => !each.defaultSelected)?.text ?? "";
    if (!(field instanceof HTMLInputElement) || field.type === "hidden") return "";
    return field.value === field.defaultValue ? "" : field.value;
  });
  return texts.filter((text) => text !== "").join(", ");
}

/** What stands in *form* is what the house knows. */
function known(form: HTMLFormElement): void {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement) field.defaultValue = field.value;
    if (field instanceof HTMLSelectElement) for (const each of field.options) each.defaultSelected = each.selected;
  }
}

function body(form: HTMLFormElement): URLSearchParams {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

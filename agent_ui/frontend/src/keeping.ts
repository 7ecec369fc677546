// Forms whose text is not lost, `form[data-place=<id>]`: the answer takes the place of that element. Sending one sends
// whatever stands unsaved in the same place, and so does leaving it: by Escape (`[data-leave]`), by the next call,
// or with the page.

import { put } from "./swap";
import { showToast } from "./toasts";

const FORMS = "form[data-place]";
const TIMEOUT_MS = 8000;

/** Look after the forms of *page*. */
export function startKeeping(page: Document): void {
  page.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches(FORMS)) return;
    event.preventDefault();
    if (busy(form)) return; // pressed twice
    const others = unsaved(placeOf(form)).filter((other) => other !== form);
    void send(page, [...others, form]);
  });
  page.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-leave]") : null;
    if (button !== null) void leave(page, button);
  });
  addEventListener("pagehide", () => keepTyped(page.body));
}

/** *where* goes away: what stands unsaved in it is saved, all at once, and what is not taken is said. */
export function keepTyped(where: Element): void {
  for (const form of unsaved(where)) void keep(form);
}

async function keep(form: HTMLFormElement): Promise<void> {
  const [page, text] = [form.ownerDocument, typed(form)];
  const answer = await ask(form.action, body(form));
  if (answer?.ok !== true) showToast(page, "toast-unsaved", text);
}

async function leave(page: Document, button: HTMLElement): Promise<void> {
  const { leave: address = "", place = "" } = button.dataset;
  const where = page.getElementById(place);
  if (where !== null && !(await send(page, unsaved(where)))) return;
  const answer = await ask(address);
  if (answer !== null) await show(page, place, answer);
  else showToast(page, "toast-unreachable");
}

/** Send *forms* one after the other, as far as they are taken; whether all were. */
async function send(page: Document, forms: readonly HTMLFormElement[]): Promise<boolean> {
  // What they say is read before the first answer draws their place anew.
  const said = forms.map((form) => ({ form, address: form.action, fields: body(form), place: placeOf(form).id }));
  for (const { form, address, fields, place } of said) {
    form.setAttribute("aria-busy", "true");
    const answer = await ask(address, fields);
    form.removeAttribute("aria-busy");
    if (answer === null) showToast(page, "toast-unreachable");
    else await show(page, place, answer, form);
    if (answer?.ok !== true) return false;
  }
  return true;
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

/** The forms in *where* that hold something the house is not told yet, and could take. */
function unsaved(where: Element): HTMLFormElement[] {
  const forms = [...where.querySelectorAll<HTMLFormElement>(FORMS)];
  return forms.filter((form) => !busy(form) && form.checkValidity() && typed(form) !== "");
}

function busy(form: HTMLFormElement): boolean {
  return form.getAttribute("aria-busy") === "true";
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

function body(form: HTMLFormElement): URLSearchParams {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

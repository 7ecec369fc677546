// A state that was wished for: the pill says so until the fact arrives, or the wish failed.

const LONGEST_MS = 5000;

/** Look after `[data-pill-wish]` on *page*. */
export function startWishes(page: Document): void {
  page.addEventListener("htmx:before:request", (event) => {
    const source = event.target;
    if (!(source instanceof Element) || source.closest("[data-pill-wish]") === null) return;
    const pill = page.getElementById("pill");
    if (pill === null) return;
    pill.setAttribute("aria-busy", "true");
    if (pill instanceof HTMLDetailsElement) pill.open = false;
    setTimeout(() => page.getElementById("pill")?.removeAttribute("aria-busy"), LONGEST_MS);
  });
  for (const failed of ["htmx:response:error", "htmx:error"]) {
    page.addEventListener(failed, (event) => {
      if (event.target instanceof Element && event.target.closest("[data-pill-wish]") !== null) {
        page.getElementById("pill")?.removeAttribute("aria-busy");
      }
    });
  }
  // What the server proposes stands open, what is planned is closed, once: whoever changed it since is left alone,
  // and what was typed while it was on its way is not folded away.
  page.addEventListener("htmx:after:swap", () => {
    for (const proposed of page.querySelectorAll<HTMLDetailsElement>("details[data-proposed]")) {
      proposed.open = proposed.dataset["proposed"] === "open" || [...proposed.querySelectorAll("input")].some(isTyped);
      proposed.removeAttribute("data-proposed");
    }
  });
}

function isTyped(field: HTMLInputElement): boolean {
  return field.value !== field.defaultValue;
}

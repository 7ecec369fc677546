// The desk's search box: arrows choose among what was found, Enter opens it, Escape leaves.

const OPTIONS = '[role="option"]';
const CLOSE_MS = 150;

/** Look after the search box of *page*. */
export function startLookup(page: Document): void {
  const box = page.querySelector<HTMLElement>("[data-lookup]");
  const field = box?.querySelector("input") ?? null;
  if (box !== null && field !== null) new Lookup(page, box, field).start();
}

class Lookup {
  constructor(
    private readonly page: Document,
    private readonly box: HTMLElement,
    private readonly field: HTMLInputElement,
  ) {}

  start(): void {
    const { box, field } = this;
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("input", () => field.value.trim() === "" && this.close());
    field.addEventListener("focus", () => field.value.trim() !== "" && field.dispatchEvent(new CustomEvent("search-now")));
    box.addEventListener("focusout", (event) => {
      if (!(event.relatedTarget instanceof Node) || !box.contains(event.relatedTarget)) setTimeout(() => this.close(), CLOSE_MS);
    });
    // Pressing an option must not take the focus first: the list would close under the finger.
    box.addEventListener("mousedown", (event) => isIn(event.target) && event.preventDefault());
    box.addEventListener("click", (event) => isIn(event.target) && this.leave());
    new MutationObserver(() => this.mark()).observe(box, { childList: true, subtree: true });
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.chosen()?.click();
    } else if (event.key === "Escape") {
      this.leave();
    }
  }

  private choose(step: number): void {
    const all = this.options();
    const at = all.findIndex((each) => each === this.chosen());
    const next = all[(at + step + all.length) % all.length];
    for (const each of all) each.setAttribute("aria-selected", String(each === next));
    next?.scrollIntoView({ block: "nearest" });
    this.mark();
  }

  /** What a screen reader hears of the list. */
  private mark(): void {
    const chosen = this.chosen();
    this.field.setAttribute("aria-expanded", String(this.list()?.hidden === false));
    if (chosen === undefined) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", chosen.id);
  }

  private leave(): void {
    this.field.value = "";
    this.close();
    this.field.blur();
  }

  private close(): void {
    const found = this.list();
    if (found !== null) found.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  private list(): HTMLElement | null {
    return this.page.getElementById("found");
  }

  private options(): HTMLElement[] {
    return [...(this.list()?.querySelectorAll<HTMLElement>(OPTIONS) ?? [])];
  }

  private chosen(): HTMLElement | undefined {
    return this.options().find((each) => each.getAttribute("aria-selected") === "true");
  }
}

function isIn(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OPTIONS) !== null;
}

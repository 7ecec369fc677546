// The box that finds cards, `[data-finder]`: the focus stays in it while arrows choose among the links that were
// found, Enter opens the chosen one, Escape leaves. Handsets beside them are for Tab and the mouse: nobody is
// called by one arrow too many.

const OPTIONS = '[role="option"]';
const IN_TURN = '.row-item[role="option"]';
const CLOSE_MS = 150;

/** Look after the finder of *page*, if it has one. */
export function startFinder(page: Document): void {
  const box = page.querySelector<HTMLElement>("[data-finder]");
  const field = box?.querySelector("input") ?? null;
  if (box !== null && field !== null) new Finder(page, box, field).start();
}

class Finder {
  private opensFirst = false; // Enter came before what was typed had been found

  constructor(
    private readonly page: Document,
    private readonly box: HTMLElement,
    private readonly field: HTMLInputElement,
  ) {}

  start(): void {
    const { box, field } = this;
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("input", () => {
      this.opensFirst = false;
      if (this.typed === "") this.close();
      // To htmx it is what it asked for last: nothing new.
      else if (this.list()?.hidden === true && this.list()?.dataset["q"] === this.typed) this.ask();
    });
    field.addEventListener("focus", () => this.typed !== "" && this.ask());
    box.addEventListener("focusout", (event) => {
      if (!(event.relatedTarget instanceof Node) || !box.contains(event.relatedTarget)) setTimeout(() => this.close(), CLOSE_MS);
    });
    // Pressing an option must not take the focus first: the list would close under the finger.
    box.addEventListener("mousedown", (event) => isIn(event.target) && event.preventDefault());
    box.addEventListener("click", (event) => isIn(event.target) && this.leave());
    new MutationObserver(() => {
      this.mark();
      if (this.opensFirst) this.open();
    }).observe(box, { childList: true });
  }

  private ask(): void {
    this.field.dispatchEvent(new CustomEvent("search-now"));
  }

  private get typed(): string {
    return this.field.value.trim();
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      this.open();
    } else if (event.key === "Escape") {
      this.leave();
    } else {
      return;
    }
    event.preventDefault(); // it does nothing else
  }

  private choose(step: number): void {
    const all = this.options();
    const at = all.findIndex((each) => each === this.chosen());
    const next = all[(at + step + all.length) % all.length];
    for (const each of all) each.setAttribute("aria-selected", String(each === next));
    next?.scrollIntoView({ block: "nearest" });
    this.mark();
  }

  private open(): void {
    this.opensFirst = this.list()?.dataset["q"] !== this.typed;
    if (!this.opensFirst) this.chosen()?.click();
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
    return [...(this.list()?.querySelectorAll<HTMLElement>(IN_TURN) ?? [])];
  }

  private chosen(): HTMLElement | undefined {
    return this.options().find((each) => each.getAttribute("aria-selected") === "true");
  }
}

function isIn(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OPTIONS) !== null;
}

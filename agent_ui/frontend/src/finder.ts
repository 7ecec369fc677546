// The box that finds cards, `[data-finder]`: arrows walk what was found, Escape closes it, Enter opens the first.

const LINKS = ".found:not([hidden]) a";

/** Look after the finder of *page*, if it has one. */
export function startFinder(page: Document): void {
  const finder = page.querySelector<HTMLElement>("[data-finder]");
  const field = finder?.querySelector("input");
  if (finder === null || field === null || field === undefined) return;
  let opensFirst = false; // Enter came before what was typed had been found
  const openFirst = (): void => {
    opensFirst = found(finder)?.dataset["q"] !== field.value.trim();
    if (!opensFirst) finder.querySelector<HTMLElement>(LINKS)?.click();
  };
  finder.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault(); // it closes nothing else
      close(finder);
      field.focus();
    } else if (event.key === "Enter" && page.activeElement === field) {
      openFirst();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const links = [...finder.querySelectorAll<HTMLElement>(LINKS)];
      const at = links.findIndex((link) => link === page.activeElement);
      (links[at + (event.key === "ArrowDown" ? 1 : -1)] ?? field).focus();
    }
  });
  new MutationObserver(() => {
    if (opensFirst) openFirst();
  }).observe(finder, { childList: true });
  field.addEventListener("input", () => (opensFirst = false));
  field.addEventListener("focus", () => open(finder));
  page.addEventListener("click", (event) => {
    if (event.target instanceof Node && !finder.contains(event.target)) close(finder);
  });
}

function found(finder: HTMLElement): HTMLElement | null {
  return finder.querySelector<HTMLElement>(".found");
}

function close(finder: HTMLElement): void {
  const list = found(finder);
  if (list !== null) list.hidden = true;
}

function open(finder: HTMLElement): void {
  const list = found(finder);
  if (list !== null && list.childElementCount > 0) list.hidden = false;
}

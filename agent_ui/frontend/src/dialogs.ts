// `data-opens="id"` opens that dialog; a menu (`details.menu`) closes when something else is pressed.

/** Look after the dialogs and menus of *page*. */
export function startDialogs(page: Document): void {
  page.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const dialog = page.getElementById(target?.closest<HTMLElement>("[data-opens]")?.dataset["opens"] ?? "");
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
    if (target?.closest("[data-close]") != null) target.closest("dialog")?.close();
    closeMenus(page, target);
  });
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = page.activeElement?.closest("details.menu[open]");
    closeMenus(page, null);
    open?.querySelector("summary")?.focus();
  });
}

function closeMenus(page: Document, but: Element | null): void {
  for (const menu of page.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (but === null || !menu.contains(but)) menu.open = false;
  }
}

// The page that carries a call ends it when it is left: its links open beside it instead.

/** Look after the links of *page*; *carries*: whether a call would end with it now. */
export function openBeside(page: Document, carries: () => boolean): void {
  page.addEventListener(
    "click",
    ({ target }) => {
      const link = target instanceof Element ? target.closest("a[href]") : null;
      if (!(link instanceof HTMLAnchorElement) || !leads(link) || !carries()) return;
      link.target = "_blank";
      // Only this press: when the call is over, the same link goes there again.
      setTimeout(() => link.removeAttribute("target"));
    },
    { capture: true },
  );
}

/** Whether the link leaves the page: not to a place on it, not beside it anyway, and not to another program. */
function leads(link: HTMLAnchorElement): boolean {
  return link.target === "" && link.protocol.startsWith("http") && link.getAttribute("href")?.startsWith("#") === false;
}

// Toasts come into #toasts (by the server's answer, or from a template of the page) and leave by themselves;
// those that say what went wrong stay until they are closed.

const STAY_MS = 6000;
const MOST = 4;

/** Look after the toasts of *page*. */
export function startToasts(page: Document): void {
  const corner = page.getElementById("toasts");
  if (corner === null) return;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node instanceof HTMLElement && node.matches("[data-toast]")) stay(node);
    }
    const toasts = [...corner.querySelectorAll("[data-toast]")];
    for (const toast of toasts.slice(0, Math.max(0, toasts.length - MOST))) toast.remove();
  }).observe(corner, { childList: true });
  page.addEventListener("click", (event) => {
    const close = event.target instanceof Element ? event.target.closest("[data-close]") : null;
    close?.closest("[data-toast]")?.remove();
  });
}

/** Show the toast that waits in `<template id=…>`, in the page's language. *hint*: what it is about. */
export function showToast(page: Document, template: string, hint?: string): void {
  const waiting = page.getElementById(template);
  const corner = page.getElementById("toasts");
  if (!(waiting instanceof HTMLTemplateElement) || corner === null) return;
  for (const shown of corner.querySelectorAll(`[data-from="${template}"]`)) shown.remove();
  const toast = waiting.content.querySelector("[data-toast]")?.cloneNode(true);
  if (!(toast instanceof HTMLElement)) return;
  toast.dataset["from"] = template;
  const place = toast.querySelector(".notice-hint");
  if (hint !== undefined && place !== null) place.textContent = hint;
  corner.append(toast);
}

function stay(toast: HTMLElement): void {
  if (toast.getAttribute("role") === "alert") return;
  const leave = (): void => {
    // Whoever reads it, or is about to close it, is not hurried.
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, STAY_MS);
    else toast.remove();
  };
  setTimeout(leave, STAY_MS);
}

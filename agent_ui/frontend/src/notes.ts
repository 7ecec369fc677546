// Notes on the page: `[data-note=<call>]` with a textarea and a place that says how it stands.

import { Note, type Answer, type Saved, type State } from "./note";
import { HouseClock } from "./timers";

const STORED = "callcard.note.";
const SAVE_TIMEOUT_MS = 8000;
const OWN_MS = 1500;

const notes = new Map<HTMLElement, Note>();
const clock = new HouseClock(Date.now); // a note's age is by the clock that wrote down when it was saved

/** Look after the notes of *page* until it is left. */
export function startNotes(page: Document): void {
  clock.set(page.body.dataset["now"]);
  page.addEventListener("live:event", ({ detail }) => clock.set((detail.data as { at?: string }).at));
  const look = (): void => {
    for (const [panel, note] of notes) {
      if (panel.isConnected) continue;
      note.flush();
      notes.delete(panel);
    }
    for (const panel of page.querySelectorAll<HTMLElement>("[data-note]")) if (!notes.has(panel)) begin(panel);
  };
  look();
  new MutationObserver(look).observe(page.body, { childList: true, subtree: true });
  addEventListener("pagehide", () => notes.forEach((note) => note.flush()));
  setInterval(() => page.querySelectorAll<HTMLElement>("[data-ago]").forEach(sayAge), 1000);
}

/** Say again how the notes stand: what surrounds them was drawn anew. */
export function repeatNotes(): void {
  notes.forEach((note) => note.repeat());
}

function begin(panel: HTMLElement): void {
  const call = panel.dataset["note"] ?? "";
  const field = panel.querySelector("textarea");
  if (field === null) return;
  const key = `${STORED}${panel.dataset["person"] ?? ""}.${call}`;
  const address = `/desk/calls/${call}/note`;
  let lastOwn = 0;
  const note = new Note(
    {
      save: async (text, base) => {
        const answer = await save(address, text, base);
        lastOwn = Date.now();
        return answer;
      },
      keep: (kept) => keep(key, kept),
      write: (text) => write(field, text),
      show: (state, savedAt) => show(panel, state, savedAt),
      later: (act, ms) => window.setTimeout(act, ms),
      cancel: (timer) => window.clearTimeout(timer),
    },
    Date.now,
    { text: field.defaultValue, version: Number(panel.dataset["version"] ?? 0), saved_at: savedAtOf(panel) },
    kept(key),
  );
  notes.set(panel, note);
  field.addEventListener("input", () => note.typed(field.value));
  let asking = 0;
  panel.addEventListener("touch", () => {
    // Mostly it was this page that saved: what others wrote is asked for when that is over.
    clearTimeout(asking);
    asking = window.setTimeout(() => void ask(address).then((stored) => stored && note.elsewhere(stored)), wait(lastOwn));
  });
}

function wait(lastOwn: number): number {
  return Math.max(100, lastOwn + OWN_MS - Date.now());
}

async function save(address: string, text: string, base: number): Promise<Answer> {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, base_version: base }),
      redirect: "manual",
      keepalive: true,
      signal: AbortSignal.timeout(SAVE_TIMEOUT_MS),
    });
    if (answer.ok) return { kind: "saved", note: (await answer.json()) as Saved };
    return { kind: answer.status === 409 || answer.status === 400 || answer.status === 413 ? "refused" : "away" };
  } catch {
    return { kind: "away" };
  }
}

async function ask(address: string): Promise<Saved | null> {
  try {
    const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(SAVE_TIMEOUT_MS) });
    return answer.ok ? ((await answer.json()) as Saved) : null;
  } catch {
    return null;
  }
}

function keep(key: string, kept: { text: string; base: number } | null): void {
  try {
    if (kept === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: the text stands in the field, and is saved all the same.
  }
}

function kept(key: string): { text: string; base: number } | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null") as { text?: unknown; base?: unknown } | null;
    if (typeof found?.text !== "string" || typeof found.base !== "number") return null;
    return { text: found.text, base: found.base };
  } catch {
    return null;
  }
}

/** Put *text* into the field; who is writing there keeps their place, counted from the nearer end. */
function write(field: HTMLTextAreaElement, text: string): void {
  const { value, selectionStart, selectionEnd } = field;
  const place = (at: number): number => (value.startsWith(text.slice(0, at)) ? at : Math.max(0, text.length - (value.length - at)));
  const [start, end] = [place(selectionStart), place(selectionEnd)];
  field.maxLength = Math.max(field.maxLength, text.length);
  field.value = text;
  if (document.activeElement === field) field.setSelectionRange(start, end);
}

function show(panel: HTMLElement, state: State, savedAt: string | null): void {
  const place = panel.querySelector<HTMLElement>("[data-note-state]");
  if (place !== null && place.dataset["noteState"] !== state) place.dataset["noteState"] = state;
  const ago = panel.querySelector<HTMLElement>("[data-ago]");
  if (ago === null) return;
  ago.dataset["ago"] = savedAt ?? "";
  sayAge(ago);
}

function savedAtOf(panel: HTMLElement): string | null {
  return panel.querySelector<HTMLElement>("[data-ago]")?.dataset["ago"] || null;
}

/** "3 s ago". */
function sayAge(place: HTMLElement): void {
  const { ago, just, seconds, minutes } = place.dataset;
  const age = ago ? Math.max(0, (clock.now() - Date.parse(ago)) / 1000) : 0;
  const pattern = age < 2 ? just : age < 60 ? seconds : minutes;
  const text = ago ? (pattern ?? "").replace("{n}", String(Math.floor(age < 60 ? age : age / 60))) : "";
  if (place.textContent !== text) place.textContent = text;
}

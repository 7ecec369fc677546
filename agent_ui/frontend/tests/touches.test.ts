import assert from "node:assert/strict";
import { before, test } from "node:test";

import { catchUp, startTouches } from "../src/touches";

let hear: (event: { detail: unknown }) => void;

/** A piece of a page that says what it shows, and counts how often it was to read itself again. */
class Piece {
  again = 0;
  readonly dataset: { touch: string };

  constructor(touch: string) {
    this.dataset = { touch };
  }

  dispatchEvent({ type }: Event): boolean {
    if (type === "touch") this.again += 1;
    return true;
  }
}

const placeOf = (...pieces: Piece[]): Element => ({ querySelectorAll: () => pieces }) as unknown as Element;

function tell(...touch: string[]): void {
  hear({ detail: { id: "a-1", event: "changed", data: { touch } } });
}

before(() => {
  globalThis.CSS = { escape: (text: string) => text } as unknown as typeof CSS;
  const page = {
    body: { dataset: {} },
    querySelectorAll: () => [], // what is told is not on the page yet
    addEventListener: (name: string, listener: typeof hear) => {
      if (name === "live:event") hear = listener;
    },
  };
  startTouches(page as unknown as Document);
});

test("what was told to be another while it was read is read again", () => {
  const began = performance.now();
  tell("history-7");
  const card = new Piece("who-7 history-7");
  const other = new Piece("who-8 history-8");
  catchUp(placeOf(card, other), began);
  assert.deepEqual([card.again, other.again], [1, 0]);
});

test("what was told before the reading began is in it", async () => {
  tell("history-9");
  await new Promise((done) => setTimeout(done, 2));
  const card = new Piece("history-9");
  catchUp(placeOf(card), performance.now());
  assert.equal(card.again, 0);
});

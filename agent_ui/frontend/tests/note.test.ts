import assert from "node:assert/strict";
import { test } from "node:test";

import { Note, type Answer, type Saved, type State } from "../src/note";

interface Waiting {
  act: () => void;
  at: number;
}

/** A desk whose server answers when the test says so. */
class Scene {
  now = 0;
  field = "";
  kept: { text: string; base: number } | null = null;
  said: State[] = [];
  asked: { text: string; base: number; answer: (answer: Answer) => void }[] = [];
  private readonly timers = new Map<number, Waiting>();
  private count = 0;
  readonly note: Note;

  constructor(stored: Saved = saved("", 0), kept: { text: string; base: number } | null = null) {
    this.field = stored.text;
    this.kept = kept;
    this.note = new Note(
      {
        save: (text, base) => new Promise((answer) => this.asked.push({ text, base, answer })),
        keep: (what) => (this.kept = what),
        write: (text) => (this.field = text),
        show: (state) => this.said.push(state),
        later: (act, ms) => {
          this.timers.set(++this.count, { act, at: this.now + ms });
          return this.count;
        },
        cancel: (timer) => void this.timers.delete(timer),
      },
      () => this.now,
      stored,
      kept,
    );
  }

  type(text: string): void {
    this.field = text;
    this.note.typed(text);
  }

  pass(ms: number): void {
    this.now += ms;
    for (const [id, { act, at }] of [...this.timers]) {
      if (at > this.now || !this.timers.delete(id)) continue;
      act();
    }
  }

  /** The oldest question is answered. */
  async answer(answer: Answer): Promise<void> {
    const first = this.asked.shift();
    assert.ok(first);
    first.answer(answer);
    await new Promise((done) => setImmediate(done));
  }

  get state(): State | undefined {
    return this.said.at(-1);
  }
}

function saved(text: string, version: number): Saved {
  return { text, version, saved_at: version > 0 ? "2026-03-02T09:00:00Z" : null };
}

const ok = (text: string, version: number): Answer => ({ kind: "saved", note: saved(text, version) });

test("what is typed is kept here at once, and saved when one pauses", async () => {
  const scene = new Scene();
  scene.type("wants");
  assert.deepEqual(scene.kept, { text: "wants", base: 0 });
  scene.pass(300);
  scene.type("wants oak");
  scene.pass(300);
  assert.equal(scene.asked.length, 0);
  scene.pass(100);
  assert.deepEqual([scene.asked[0]?.text, scene.asked[0]?.base], ["wants oak", 0]);
  await scene.answer(ok("wants oak", 1));
  assert.equal(scene.kept, null);
  assert.equal(scene.state, "saved");
  assert.equal(scene.note.dirty, false);
});

test("who types without a pause is saved every two seconds", () => {
  const scene = new Scene();
  for (let step = 0; step < 12; step += 1) {
    scene.type("x".repeat(step + 1));
    scene.pass(200);
  }
  assert.equal(scene.asked.length, 1);
});

test("what was typed during a save goes next, on the new version", async () => {
  const scene = new Scene();
  scene.type("one");
  scene.pass(400);
  scene.type("one two");
  await scene.answer(ok("one", 1));
  assert.deepEqual(scene.kept, { text: "one two", base: 1 });
  scene.pass(400);
  assert.deepEqual([scene.asked[0]?.text, scene.asked[0]?.base], ["one two", 1]);
});

test("a server that is away is asked again, and the text stays here", async () => {
  const scene = new Scene();
  scene.type("one");
  scene.pass(400);
  await scene.answer({ kind: "away" });
  assert.equal(scene.state, "kept");
  assert.deepEqual(scene.kept, { text: "one", base: 0 });
  scene.pass(1000);
  await scene.answer({ kind: "away" });
  scene.pass(1000);
  assert.equal(scene.asked.length, 0, "each pause is longer");
  scene.pass(1000);
  await scene.answer(ok("one", 1));
  assert.equal(scene.state, "saved");
  assert.equal(scene.kept, null);
});

test("what another tab wrote comes back joined, and is shown", async () => {
  const scene = new Scene(saved("a", 1));
  scene.type("a mine");
  scene.pass(400);
  await scene.answer(ok("a theirs\nmine", 3));
  assert.equal(scene.field, "a theirs\nmine");
  assert.equal(scene.state, "merged");
  assert.equal(scene.note.dirty, false);
});

test("who typed on while texts were joined keeps typing; the next save joins again", async () => {
  const scene = new Scene(saved("a", 1));
  scene.type("a mine");
  scene.pass(400);
  scene.type("a mine more");
  await scene.answer(ok("a theirs\nmine", 3));
  assert.equal(scene.field, "a mine more", "nothing moves under the fingers");
  scene.pass(400);
  assert.deepEqual([scene.asked[0]?.text, scene.asked[0]?.base], ["a mine more", 1], "the old base");
  await scene.answer(ok("a theirs\nmine more", 4));
  assert.equal(scene.field, "a theirs\nmine more");
  assert.equal(scene.state, "merged");
});

test("what only this machine has is put back and saved when the page is drawn anew", async () => {
  const scene = new Scene(saved("old", 2), { text: "old and new", base: 2 });
  assert.equal(scene.field, "old and new");
  assert.deepEqual([scene.asked[0]?.text, scene.asked[0]?.base], ["old and new", 2]);
  await scene.answer(ok("old and new", 3));
  assert.equal(scene.kept, null);
});

test("a copy the server has by now is let go", () => {
  const scene = new Scene(saved("same", 3), { text: "same", base: 2 });
  assert.equal(scene.kept, null);
  assert.equal(scene.asked.length, 0);
});

test("another page's text is shown when nothing is unsaved here, and only then", async () => {
  const scene = new Scene(saved("a", 1));
  scene.note.elsewhere(saved("a b", 2));
  assert.equal(scene.field, "a b");
  scene.type("a b c");
  scene.note.elsewhere(saved("z", 3));
  assert.equal(scene.field, "a b c");
  scene.pass(400);
  await scene.answer(ok("a b c", 4));
  scene.note.elsewhere(saved("older", 3));
  assert.equal(scene.field, "a b c");
});

test("a text that is refused is said to be too long, kept, and tried again when it changes", async () => {
  const scene = new Scene();
  scene.type("x".repeat(9000));
  scene.pass(400);
  await scene.answer({ kind: "refused" });
  assert.equal(scene.state, "long");
  assert.notEqual(scene.kept, null);
  scene.pass(60_000);
  assert.equal(scene.asked.length, 0);
  scene.type("short");
  scene.pass(400);
  assert.equal(scene.asked[0]?.text, "short");
});

test("leaving the page saves at once", () => {
  const scene = new Scene();
  scene.note.flush();
  assert.equal(scene.asked.length, 0, "nothing to save");
  scene.type("bye");
  scene.note.flush();
  assert.equal(scene.asked[0]?.text, "bye");
  scene.pass(400);
  assert.equal(scene.asked.length, 1, "once");
});

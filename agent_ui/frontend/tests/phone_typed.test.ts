import assert from "node:assert/strict";
import { test } from "node:test";

import { plain } from "../src/phone/dialogs";
import { Typed, looksLikeNumber } from "../src/phone/typed";

/** A house that answers when it is told to, and a page that notes what it is shown. */
class Fake {
  asked: { text: string; done: boolean; answer: (html: string | null) => void }[] = [];
  shown = "";
  called: string[] = [];
  failed = 0;
  waits: (() => void) | null = null;
  readonly typed = new Typed({
    read: (text, done) => new Promise((answer) => this.asked.push({ text, done, answer })),
    show: (html) => void (this.shown = html),
    call: () => this.shown.startsWith("+") && this.called.push(this.shown) > 0,
    fail: () => void (this.failed += 1),
    later: (act) => ((this.waits = act), 1),
    cancel: () => void (this.waits = null),
  });

  /** Typed, and waited for long enough. */
  type(text: string): void {
    this.typed.change(text);
    this.waits?.();
  }

  async answer(index: number, html: string | null): Promise<void> {
    this.asked[index]?.answer(html);
    await new Promise((done) => setImmediate(done));
  }
}

test("names and extensions are not asked about, numbers are after a pause", () => {
  const words = ["anna", "101", "8495", "8 495 555 01 42", "+994 (12) 555-01-42", "8a495555014"];
  assert.deepEqual(words.map(looksLikeNumber), [false, false, false, true, true, false]);
  const fake = new Fake();
  fake.typed.change("84955550142");
  assert.equal(fake.asked.length, 0);
  fake.waits?.();
  assert.deepEqual([fake.asked[0]?.text, fake.asked[0]?.done], ["84955550142", false]);
  fake.type("84955550142x");
  assert.equal(fake.asked.length, 1);
});

test("Enter calls what is shown, and what is on its way as soon as it is there", async () => {
  const fake = new Fake();
  fake.type(" 84955550142 ");
  await fake.answer(0, "+74955550142");
  fake.typed.enter();
  assert.deepEqual(fake.called, ["+74955550142"]);
  fake.typed.change("84955550143");
  fake.typed.enter();
  fake.typed.enter(); // impatience calls nobody twice
  assert.equal(fake.asked.length, 2);
  assert.equal(fake.asked[1]?.done, true);
  await fake.answer(1, "+74955550143");
  assert.deepEqual(fake.called, ["+74955550142", "+74955550143"]);
});

test("an answer about another text is not shown, and calls nobody", async () => {
  const fake = new Fake();
  fake.type("84955550142");
  fake.typed.enter();
  fake.typed.change("84955550143");
  await fake.answer(0, "+74955550142");
  await fake.answer(1, "+74955550142");
  assert.deepEqual([fake.shown, fake.called], ["", []]);
  fake.type("");
  assert.equal(fake.shown, "");
});

test("what cannot be called is said, and a house that is away only to who waits for it", async () => {
  const fake = new Fake();
  fake.type("84955550142");
  await fake.answer(0, null);
  assert.equal(fake.failed, 0);
  fake.typed.enter();
  await fake.answer(1, "not called from here");
  assert.deepEqual([fake.shown, fake.called, fake.failed], ["not called from here", [], 0]);
  fake.typed.change("112");
  fake.typed.enter();
  await fake.answer(2, null);
  assert.equal(fake.failed, 1);
});

test("colleagues are found without their marks and capitals", () => {
  for (const [name, typed] of [["İlqar", "ilqar"], ["Işıqlı", "isiqli"], ["Анна Ёлкина", "ЕЛКИНА"]] as const) {
    assert.ok(plain(name).includes(plain(typed)), name);
  }
});

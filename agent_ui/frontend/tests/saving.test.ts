import assert from "node:assert/strict";
import { test } from "node:test";

import { Saving, type Word } from "../src/saving";

/** A place with fields, and a house that answers when the test says so. */
class Scene {
  readonly saving = new Saving();
  readonly told: string[] = [];
  readonly holds = new Set<string>();
  gone = 0;
  private readonly waiting: ((taken: boolean) => void)[] = [];

  word(about: string): Word {
    return {
      about,
      tell: () => {
        this.told.push(about);
        return new Promise((answer) => this.waiting.push(answer)).then((taken) => {
          if (taken === true) this.holds.delete(about);
          return taken === true;
        });
      },
    };
  }

  words(): Word[] {
    return [...this.holds].filter((about) => !this.saving.has(about)).map((about) => this.word(about));
  }

  leave(): Promise<void> {
    return this.saving.leave("card", () => this.words(), async () => void (this.gone += 1));
  }

  async answer(taken = true): Promise<void> {
    await settled();
    const first = this.waiting.shift();
    assert.ok(first, "nothing was asked");
    first(taken);
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

function holding(...texts: string[]): Scene {
  const scene = new Scene();
  for (const text of texts) scene.holds.add(text);
  return scene;
}

test("Escape pressed twice saves once, and leaves once", async () => {
  const scene = holding("name", "number");
  const left = [scene.leave(), scene.leave()];
  await scene.answer();
  void scene.leave(); // the number is on its way now
  await scene.answer();
  await Promise.all(left);
  assert.deepEqual(scene.told, ["name", "number"]);
  assert.equal(scene.gone, 1);
});

test("Escape right after Enter waits for what Enter saves, and stays with what was refused", async () => {
  const scene = holding("name");
  const saved = scene.saving.send("card", scene.words());
  const left = scene.leave();
  await settled();
  assert.equal(scene.gone, 0);
  await scene.answer(false);
  assert.equal(await saved, false);
  await left;
  assert.deepEqual([scene.told, scene.gone], [["name"], 0]);
});

test("what is written while the first words are on their way is saved before the place is left", async () => {
  const scene = holding("name");
  const left = scene.leave();
  await settled();
  scene.holds.add("number");
  await scene.answer();
  await scene.answer();
  await left;
  assert.deepEqual([scene.told, scene.gone], [["name", "number"], 1]);
});

test("after a refusal the rest is not told, and may be told again", async () => {
  const scene = holding("number", "owner");
  const all = scene.saving.send("card", scene.words());
  await scene.answer(false);
  assert.equal(await all, false);
  assert.deepEqual(scene.told, ["number"]);
  assert.ok(!scene.saving.has("number") && !scene.saving.has("owner"));
});

test("a page that goes away tells at once what waited for its turn, and nothing twice", async () => {
  const scene = holding("name", "number");
  const left = scene.leave();
  await settled();
  void scene.saving.now(scene.word("name"));
  void scene.saving.now(scene.word("number"));
  assert.deepEqual(scene.told, ["name", "number"]);
  await scene.answer();
  await scene.answer();
  await left;
  assert.deepEqual(scene.told, ["name", "number"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Turns } from "../src/turns";

/** Work that goes on until it is told how it ended. */
function work(): { begun: boolean; run: () => Promise<void>; end: (how: "done" | "failed") => Promise<void> } {
  let settle: ((how: "done" | "failed") => void) | null = null;
  const one = {
    begun: false,
    run: () => {
      one.begun = true;
      return new Promise<void>((done, fail) => (settle = (how) => (how === "done" ? done() : fail(new Error(how)))));
    },
    end: async (how: "done" | "failed") => {
      settle?.(how);
      await new Promise((later) => setImmediate(later));
    },
  };
  return one;
}

test("so many at a time, in order, and a failure gives its turn to the next", async () => {
  const turns = new Turns(2);
  const all = [work(), work(), work(), work()] as const;
  for (const each of all) turns.take(each.run);
  assert.deepEqual(all.map(({ begun }) => begun), [true, true, false, false]);
  await all[1].end("failed");
  assert.deepEqual(all.map(({ begun }) => begun), [true, true, true, false]);
  await all[0].end("done");
  assert.ok(all[3].begun);
  await all[2].end("done");
  await all[3].end("done");
  const later = work();
  turns.take(later.run);
  assert.ok(later.begun, "nobody is in front");
});

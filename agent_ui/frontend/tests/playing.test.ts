import assert from "node:assert/strict";
import { test } from "node:test";

import { shade } from "../src/lateness";
import { faster, sought, waves } from "../src/playing";

test("keys lead through a sound and never out of it", () => {
  assert.equal(sought("ArrowRight", 10, 60), 15);
  assert.equal(sought("ArrowLeft", 3, 60), 0);
  assert.equal(sought("PageUp", 40, 60), 60);
  assert.equal(sought("PageDown", 40, 60), 10);
  assert.equal(sought("Home", 40, 60), 0);
  assert.equal(sought("End", 40, 60), 60);
  assert.equal(sought("x", 40, 60), null);
});

test("speeds have a first and a last", () => {
  assert.deepEqual([1, 1.25, 1.5, 2].map((speed) => faster(speed, 1)), [1.25, 1.5, 2, 2]);
  assert.deepEqual([1, 1.25, 1.5, 2].map((speed) => faster(speed, -1)), [1, 1, 1.25, 1.5]);
});

test("both sides are drawn on one scale", () => {
  assert.deepEqual(waves([[0, 40], [20, 10]]), [[0, 1], [0.5, 0.25]]);
  assert.deepEqual(waves([[0, 0]]), [[0, 0]]);
  assert.deepEqual(waves([]), []);
});

test("who waits too long colours the frame", () => {
  const cases: [number | null, "danger" | "warning" | null, "danger" | "warning" | null][] = [
    [null, null, null],
    [null, "warning", "warning"],
    [20, null, null],
    [21, null, "warning"],
    [60, null, "warning"],
    [61, null, "danger"],
    [61, "warning", "danger"],
    [0, "danger", "danger"],
  ];
  for (const [seconds, base, wanted] of cases) assert.equal(shade(seconds, 20, 60, base), wanted);
});

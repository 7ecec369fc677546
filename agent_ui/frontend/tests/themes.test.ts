import assert from "node:assert/strict";
import { test } from "node:test";

import { shown } from "../src/themes";

test("a wish counts, else the machine's", () => {
  assert.equal(shown("dark", false), "dark");
  assert.equal(shown("light", true), "light");
  assert.equal(shown("auto", true), "dark");
  assert.equal(shown("auto", false), "light");
  assert.equal(shown(undefined, true), "dark");
  assert.equal(shown("<script>", false), "light");
});

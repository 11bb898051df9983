import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";

test("the manual's first example is an app with the routes it shows", async () => {
  const [, example] = /```js\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  // Beside this file, where `switchback` is found.
  const file = new URL(`readme-example-${process.pid}.mjs`, import.meta.url);
  writeFileSync(file, example);
  try {
    const { default: app } = await import(file.href);
    const { paths } = app.openapi();
    assert.deepEqual(Object.keys(paths), ["/hello/{name}", "/items/{id}"]);
    assert.deepEqual(Object.keys(paths["/items/{id}"].put.responses), ["200", "404"]);
  } finally {
    rmSync(file);
  }
});

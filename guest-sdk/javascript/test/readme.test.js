import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";

test("the manual's first example is an app with the routes it shows, and answers in Node", async () => {
  const [, example] = /```js\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
  // Beside this file, where `switchback` is found.
  const file = new URL(`readme-example-${process.pid}.mjs`, import.meta.url);
  writeFileSync(file, example);
  try {
    const { default: app } = await import(file.href);
    const { paths } = app.openapi();
    assert.deepEqual(Object.keys(paths), ["/hello/{name}", "/items/{id}"]);
    assert.deepEqual(Object.keys(paths["/items/{id}"].put.responses), ["200", "404"]);

    const given = { path: { id: 1 }, query: { dry: false }, headers: {}, body: { name: "Saw", price: 2 } };
    assert.deepEqual(JSON.parse(app.call("PUT /items/{id}", given).body), { name: "Saw", price: 2, tags: [] });
    assert.equal(app.call("PUT /items/{id}", { ...given, path: { id: 101 } }).status, 404);
  } finally {
    rmSync(file);
  }
});

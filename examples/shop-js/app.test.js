// Run by `node --test` after a build, which links `switchback`.

import assert from "node:assert/strict";
import { test } from "node:test";

import app from "./app.js";

const headers = { "x-token": "secret" };
const saw = { name: "Saw", category: "tool", price: { amount: 2 } };

test("an item is created, with what was left out filled in", () => {
  const answer = app.call("createItem", { headers, body: saw });
  assert.equal(answer.status, 201);
  assert.deepEqual(JSON.parse(answer.body), { ...saw, id: 1, price: { amount: 2, currency: "EUR" }, tags: [] });
});

test("a floor above the price breaks a rule", () => {
  const answer = app.call("createItem", { headers, body: { ...saw, floor: { amount: 3 } } });
  assert.equal(answer.status, 422);
  assert.deepEqual(JSON.parse(answer.body).detail[0].loc, ["body", "floor", "amount"]);
});

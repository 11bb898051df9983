// "Try it out", clicked as a reader does: a GET of the example `hello`, unless the page is that of `items` alone; a POST
// of `items`, and one that it refuses. node try-it-out.mjs ADDRESS [items]

import assert from "node:assert/strict";
import { open, ready, withBrowser } from "./browser.mjs";

const [address, only] = process.argv.slice(2);

/// Fills in and sends one operation, and hands out the status that the page shows.
async function tryOut(page, path, { parameters = {}, body }) {
  const operation = page.locator(".opblock", { has: page.locator(`[data-path="${path}"]`) });
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  for (const [name, value] of Object.entries(parameters)) {
    await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  if (body !== undefined) await operation.locator("textarea.body-param__text").fill(body);
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = operation.locator(".live-responses-table .response");
  const status = await answer.locator(".response-col_status").innerText();
  const shown = await answer.locator(".highlight-code").first().innerText();
  await operation.locator(".opblock-summary-control").click();
  return { status: status.trim().split(/\s/)[0], shown };
}

await withBrowser(async (browser) => {
  const { page, close } = await open(browser, address);
  await ready(page, address);

  if (only !== "items") {
    const greeted = await tryOut(page, "/hello/{name}", { parameters: { name: "World" } });
    assert.equal(greeted.status, "200");
    assert.match(greeted.shown, /"message": "Hello World"/);
  }

  const body = JSON.stringify({ name: "Hammer", price: 12.5 });
  const created = await tryOut(page, "/items/{id}", { parameters: { id: "7", q: "abc" }, body });
  assert.equal(created.status, "200");
  assert.match(created.shown, /"price": 12.5/);

  await page.reload();
  await ready(page, address);
  const refused = await tryOut(page, "/items/{id}", { parameters: { id: "7" }, body: '{"name":"","price":0}' });
  assert.equal(refused.status, "422");
  assert.match(refused.shown, /"string_too_short"[\s\S]*"greater_than"/);

  // The browser itself writes a line about an answer that is an error.
  await close(/the server responded with a status of 422/);
});

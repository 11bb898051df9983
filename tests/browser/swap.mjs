// Pages that are open while what they show is swapped. Says `open`, waits for a line, and goes on.
// node swap.mjs OLD NEW ADDRESS…     OLD and NEW: texts that only the old and the new pages show

import assert from "node:assert/strict";
import { once } from "node:events";
import { open, withBrowser } from "./browser.mjs";

const [old, now, ...addresses] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const pages = [];
  for (const address of addresses) {
    const opened = await open(browser, address);
    await opened.page.getByText(old).first().waitFor();
    assert.equal(await opened.page.locator("#changed").innerText(), "");
    pages.push(opened);
  }
  console.log("open");
  await once(process.stdin, "data");
  for (const { page, close } of pages) {
    const hint = page.locator("#changed", { hasText: "changed" });
    await hint.waitFor();
    await hint.getByRole("button", { name: "Reload" }).click();
    await page.getByText(now).first().waitFor();
    assert.equal(await page.getByText(old).count(), 0);
    assert.equal(await page.locator("#changed").innerText(), "");
    await close();
  }
  process.stdin.destroy();
});

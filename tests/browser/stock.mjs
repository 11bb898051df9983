// The page of the example `stock`, used as by its reader: node stock.mjs ADDRESS [FOLDER FOR PICTURES]

import assert from "node:assert/strict";
import { join } from "node:path";
import { fitsItsWidth, open, withBrowser } from "./browser.mjs";

const [address, pictures] = process.argv.slice(2);

async function add(page, name, price, inStock = true) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Price").fill(price);
  await page.getByLabel("In stock").setChecked(inStock);
  await page.getByRole("button", { name: "Add item" }).click();
}

await withBrowser(async (browser) => {
  const { page, close } = await open(browser, `${address}/stock/`);
  await page.getByText("Nothing is in stock yet").waitFor();
  await add(page, "Hammer", "12.5");
  await page.getByRole("link", { name: "Hammer" }).waitFor();
  await add(page, "Saw", "24", false);
  await page.getByText("sold out").waitFor();
  assert.equal(await page.locator("li").count(), 2);

  // The plugin's contract is asked, and says what is wrong.
  await add(page, "", "0");
  await page.getByText("String should have at least 1 character").waitFor();
  await page.getByText("Input should be greater than 0").waitFor();
  assert.equal(await page.locator("li").count(), 2);

  // Another address of the page, reached by a click, then as a bookmark.
  await page.getByRole("link", { name: "Hammer" }).click();
  await page.getByRole("heading", { name: "Hammer" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/stock/items/1");
  await page.reload();
  await page.getByRole("heading", { name: "Hammer" }).waitFor();
  await page.getByRole("link", { name: "Stock" }).click();
  await page.getByRole("link", { name: "Saw" }).waitFor();
  // The browser itself writes a line about an answer that is an error.
  await close(/the server responded with a status of 422/);

  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const { page, close } = await open(browser, `${address}/stock/`, { width, scheme });
      await page.getByRole("link", { name: "Saw" }).waitFor();
      await fitsItsWidth(page, `${width} px, ${scheme}`);
      if (pictures) await page.screenshot({ path: join(pictures, `stock-${scheme}-${width}.png`) });
      await close();
    }
  }
});

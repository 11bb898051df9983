// Pictures of the pages, into a folder: node screenshots.mjs ADDRESS FOLDER

import { open, ready, withBrowser } from "./browser.mjs";

const [address, folder] = process.argv.slice(2);

/// Sends the example `items` a body that does not fit, and scrolls to what it says.
async function refuse(page) {
  const operation = page.locator(".opblock", { has: page.locator('[data-path="/items/{id}"]') });
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.locator('tr[data-param-name="id"] input').fill("7");
  await operation.locator("textarea.body-param__text").fill('{\n  "name": "",\n  "price": 0\n}');
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.locator(".live-responses-table .highlight-code").first().waitFor();
  await operation.locator(".opblock-body .opblock-section-request-body").scrollIntoViewIfNeeded();
  await operation.evaluate((element) => window.scrollTo(0, element.offsetTop - 24));
}

const narrow = { width: 360, height: 720 };
const pictures = [
  { name: "index", path: "/", look: { height: 720 } },
  { name: "index-dark", path: "/", look: { height: 720, scheme: "dark" } },
  { name: "index-narrow", path: "/", look: narrow },
  { name: "docs", path: "/docs" },
  { name: "docs-dark", path: "/docs", look: { scheme: "dark" } },
  { name: "docs-narrow", path: "/docs", look: narrow },
  { name: "docs-refused", path: "/docs?plugin=items", look: { height: 1720 }, then: refuse },
  { name: "redoc", path: "/redoc?plugin=items" },
  { name: "redoc-dark", path: "/redoc?plugin=items", look: { scheme: "dark" } },
  { name: "redoc-narrow", path: "/redoc?plugin=items", look: narrow },
];

await withBrowser(async (browser) => {
  for (const { name, path, look, then } of pictures) {
    const { page, close } = await open(browser, address + path, look);
    await ready(page, address + path);
    await then?.(page);
    await page.screenshot({ path: `${folder}/${name}.png` });
    await close(/status of 422/);
  }
});

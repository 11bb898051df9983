// A page that keyboards and screen readers get along with: no serious finding of axe-core, in light and dark, wide and
// narrow; and the first link is reached and followed by keys. node accessible.mjs ADDRESS

import assert from "node:assert/strict";
import axe from "axe-core";
import { open, ready, withBrowser } from "./browser.mjs";

const [address] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const { page, close } = await open(browser, address);
  await ready(page, address);
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const { violations } = await page.evaluate(() => window.axe.run());
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      assert.deepEqual(told, [], `${address}, ${colorScheme}, ${width} px`);
    }
  }
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "what has the focus can be seen");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/docs", { waitUntil: "commit" });
  await close();
});

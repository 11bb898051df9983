// The operator's page: what it shows, a rollback and a weight by keys alone, in light and dark, wide and narrow; with many
// plugins it can be searched. node operate.mjs ADDRESS COUNT WHERE THE PLUGINS ARE SERVED [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import axe from "axe-core";
import { open, withBrowser } from "./browser.mjs";

const [address, count, served, folder] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const { page, close } = await open(browser, address);
  const card = page.locator("#plugins > li").filter({ has: page.getByRole("heading", { name: "shop", exact: true }) });
  await card.waitFor();
  assert.equal(await page.locator("#plugins > li").count(), Number(count));
  assert.match(await card.textContent(), /revision 2, 2 routes/);
  assert.match(await card.textContent(), /refused: the contract breaks clients of revision 2/);
  await card.locator("summary").click();
  await card.getByRole("button", { name: "Serve again" }).first().waitFor();
  const waits = card.getByRole("region", { name: "What it would change of shop" });
  await waits.getByText("operation-removed").waitFor();
  await waits.getByText("/paths/~1one/get").waitFor();
  // Each operation has its own plots, which are kept up while they can be seen.
  const one = card.getByRole("row", { name: /GET \/one/ }).last();
  await one.getByRole("img", { name: /GET \/one: .* answers a second/ }).waitFor();
  await one.getByRole("img", { name: /GET \/one: no answer in the last three minutes/ }).waitFor();
  await page.request.get(`${served}/one`);
  await one.getByRole("img", { name: /GET \/one: .* on average/ }).waitFor();
  const weight = card.getByRole("slider");
  await weight.waitFor();
  const fault = page.locator("#faults > li").first();
  await fault.getByText("the guest trapped").first().waitFor();
  await fault.locator("summary").click();
  await fault.locator("pre", { hasText: "GET /trap" }).waitFor();

  // A picture wants something to show.
  for (let round = 0; folder && round < 60; round += 1) {
    const paths = Array(4 + Math.round(20 * Math.sin(round / 9) ** 2)).fill("one");
    if (round % 11 === 5) paths.push("trap", "trap");
    await Promise.all(paths.map((path) => page.request.get(`${served}/${path}`)));
    await page.waitForTimeout(1000);
  }

  // No finding of axe-core, whatever the colours and the width; nothing sticks out.
  await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      // Of many plugins each is as the first.
      const { violations } = await page.evaluate((few) => window.axe.run(few ? document : "#plugins > li:last-child"), count < 12);
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      assert.deepEqual(told, [], `${colorScheme}, ${width} px`);
      const across = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(across <= width, `${width} px: ${across} px are needed`);
      await page.evaluate(() => scrollTo(0, 0));
      if (folder) await page.screenshot({ path: `${folder}/operate-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });

  // By keys: the slider, its button, and the question whose first answer is to leave it.
  await weight.focus();
  await page.keyboard.press("End");
  await card.getByRole("button", { name: "Set" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Give candidate 3 of shop 100 %?").waitFor();
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  assert.match(await card.textContent(), /candidate 3 gets 10 %/);
  await card.getByRole("button", { name: "Set" }).focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("Give candidate 3 of shop 100 %?").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await card.getByText("candidate 3 gets 100 %").waitFor();

  await card.getByRole("button", { name: "Serve again" }).last().focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("serve again what revision 1 was?").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await card.getByText("revision 4,").waitFor();
  await card.getByText("refused:").waitFor({ state: "hidden" });
  await page.locator("#events li", { hasText: "deployed" }).first().waitFor();
  await card.locator(".plot .swap").waitFor({ state: "attached" });
  if (folder) await page.screenshot({ path: `${folder}/operate-after.png`, fullPage: true });

  // A fault by keys: opened, its request sent again, and what came of it.
  const summary = page.locator("#faults > li summary").nth(1);
  await summary.focus();
  await page.keyboard.press("Enter");
  const entry = page.locator("#faults > li").nth(1);
  await entry.getByText("asked to trap").waitFor();
  await entry.getByRole("button", { name: "Send again" }).focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("Send GET /trap once more").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await entry.getByRole("status").getByText("500, it goes wrong as it did").waitFor();

  if (Number(count) >= 12) {
    await page.getByRole("searchbox").fill("shop");
    assert.equal(await page.locator("#plugins > li:visible").count(), 1);
  }
  await close();
});

// Pages of many operations, used as a reader does; CPU seconds of the page's thread are printed, and not asserted.
// node many.mjs PATH ADDRESS…     PATH: that of an operation of the last plugin

import { open, withBrowser } from "./browser.mjs";

const [path, ...addresses] = process.argv.slice(2);

await withBrowser(async (browser) => {
  for (const address of addresses) {
    const { pathname } = new URL(address);
    const { page, close } = await open(browser, address);
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    let last = 0;
    // After the next frame clicks are answered. What the browser computed for the page does not depend on what else the
    // machine does.
    const step = async (what) => {
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      const { metrics } = await session.send("Performance.getMetrics");
      const spent = metrics.find(({ name }) => name === "ThreadTime").value;
      console.error(`${pathname}: ${what} ${(spent - last).toFixed(2)} s`);
      last = spent;
    };
    await page.locator("li h3, .opblock-tag").first().waitFor();
    await step("loaded");
    if (pathname.endsWith("/docs")) {
      await page.locator(".operation-filter-input").fill(path.split("/")[1]);
      await page.locator(".opblock-tag", { hasText: path.split("/")[1] }).click();
      const operation = page.locator(".opblock", { has: page.locator(`[data-path="${path}"]`) });
      await operation.locator(".opblock-summary-control").click();
      await operation.getByRole("button", { name: "Try it out" }).waitFor();
      await step("an operation opened");
    }
    if (pathname.endsWith("/redoc")) {
      await page.locator("li h3 a").last().click();
      await page.locator("[data-section-id] h2").first().waitFor();
      await step("a plugin opened");
    }
    await close();
  }
});

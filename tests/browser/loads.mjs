// Pages load whole from their own origin under their own policy, in light and dark, wide and narrow, and follow when
// these change. node loads.mjs ADDRESS…

import { fitsItsWidth, open, ready, withBrowser } from "./browser.mjs";

/// Waits until what is behind the page's text is that light: 0 to 255.
const ground = (page, least, most) =>
  page.waitForFunction(([least, most]) => {
    const colours = [document.body, document.documentElement].map((one) => getComputedStyle(one).backgroundColor);
    const painted = colours.find((colour) => colour !== "rgba(0, 0, 0, 0)") ?? "rgb(255, 255, 255)";
    const lightest = Math.max(...painted.match(/\d+/g).slice(0, 3).map(Number));
    return least <= lightest && lightest <= most;
  }, [least, most]);

await withBrowser(async (browser) => {
  for (const address of process.argv.slice(2)) {
    const { page, close } = await open(browser, address);
    const fits = async (scheme) => {
      await ready(page, address);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await fitsItsWidth(page, `${address} in ${scheme}`);
      }
    };
    await ground(page, 200, 255);
    await fits("light");
    // ReDoc loads itself anew for that.
    await page.emulateMedia({ colorScheme: "dark" });
    await ground(page, 0, 60);
    await fits("dark");
    await close();
  }
});

// Pages load whole from their own origin under their own policy, in light and dark, wide and narrow.
// node loads.mjs ADDRESS…

import { fitsItsWidth, open, ready, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  for (const address of process.argv.slice(2)) {
    for (const scheme of ["light", "dark"]) {
      for (const width of [1280, 360]) {
        const { page, close } = await open(browser, address, { width, scheme });
        await ready(page, address);
        await fitsItsWidth(page, `${address} in ${scheme}`);
        await close();
      }
    }
  }
});

// Pages load whole from their own origin under their own policy, in light and dark, wide and narrow.
// node loads.mjs all|one ADDRESS…     `one`: in one look only

import { fitsItsWidth, open, ready, withBrowser } from "./browser.mjs";

const [looks, ...addresses] = process.argv.slice(2);

await withBrowser(async (browser) => {
  for (const address of addresses) {
    for (const scheme of looks === "all" ? ["light", "dark"] : ["light"]) {
      for (const width of looks === "all" ? [1280, 360] : [1280]) {
        const { page, close } = await open(browser, address, { width, scheme });
        await ready(page, address);
        await fitsItsWidth(page, `${address} in ${scheme}`);
        await close();
      }
    }
  }
});

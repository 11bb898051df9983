// Pages of a plugin whose texts attack their reader: each would set `window.owned`, open a dialog, load from another
// origin or lead away. node hostile.mjs ADDRESS…

import assert from "node:assert/strict";
import { open, withBrowser } from "./browser.mjs";

// What is left of an attack and stopped by the page's policy, which says so. (Sanitizers read texts in a document of
// their own, under the same policy.) What is left of an image is asked of this host.
const stopped =
  /inline event handler|script-src-attr|base-uri|base URI|form-action|form data|JavaScript URL|script-src-elem|status of 404/;

await withBrowser(async (browser) => {
  for (const address of process.argv.slice(2)) {
    const { page, close } = await open(browser, address);
    // The text goes on where the attacks end: they broke nothing.
    await page.waitForFunction(() => document.body.innerText.includes("harmless"));
    if (address.includes("/docs")) {
      await page.locator(".opblock-summary-control").first().click();
      await page.getByRole("button", { name: "Try it out" }).waitFor();
    }
    // The worst that a reader can do.
    await page.evaluate(() => {
      for (const link of document.querySelectorAll("a")) {
        if (/^\s*(javascript|vbscript|data):/i.test(link.getAttribute("href") ?? link.getAttribute("xlink:href"))) {
          link.removeAttribute("target");
          link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        }
      }
      for (const form of document.querySelectorAll("form")) HTMLFormElement.prototype.submit.call(form);
      return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    });
    assert.equal(await page.evaluate(() => window.owned), undefined, address);
    assert.equal(new URL(page.url()).pathname, new URL(address).pathname);
    const active = "script:not([src]), [onload], [onerror], [ontoggle], iframe, object, embed, base, meta[http-equiv]";
    assert.deepEqual(await page.locator(active).evaluateAll((all) => all.map((one) => one.outerHTML)), [], address);
    await close(stopped);
  }
});

// Pictures of the pages, into a folder: node screenshots.mjs ADDRESS FOLDER

import { open, ready, withBrowser } from "./browser.mjs";

const [address, folder] = process.argv.slice(2);

const pictures = [
  { name: "docs", path: "docs" },
  { name: "docs-dark", path: "docs", scheme: "dark" },
  { name: "docs-narrow", path: "docs", width: 360, height: 720 },
  { name: "redoc", path: "redoc" },
  { name: "redoc-dark", path: "redoc", scheme: "dark" },
  { name: "redoc-narrow", path: "redoc", width: 360, height: 720 },
];

await withBrowser(async (browser) => {
  for (const { name, path, ...look } of pictures) {
    const { page, close } = await open(browser, `${address}/${path}`, look);
    await ready(page, `${address}/${path}`);
    await page.screenshot({ path: `${folder}/${name}.png` });
    await close();
  }
});

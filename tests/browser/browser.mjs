// A real Chromium for the tests: system `chromium`, headless. What no page of the host may do is watched here for every
// test: ask another origin, break its own policy, write errors to the console.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

// Named by the Rust test, which found it in PATH. Tests run as root in containers too: no sandbox, a small /dev/shm.
const executablePath = process.env.CHROMIUM;

/// Runs `visit` in a browser of its own, and ends the process: what failed goes to stderr.
export async function withBrowser(visit) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    await visit(browser);
  } finally {
    await browser.close();
  }
}

/// Opens an address and watches it: `{ page, complaints, close }`. `close` asserts that there was nothing to complain of,
/// except what `expected` (a RegExp) matches.
export async function open(browser, address, { width = 1280, height = 800, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const { origin } = new URL(address);
  const complaints = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    const local = url.protocol === "data:" || url.protocol === "blob:";
    if (!local && url.origin !== origin) complaints.push(`request to another origin: ${request.url()}`);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error}`));
  page.on("dialog", (dialog) => {
    complaints.push(`a script opened a dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sample}`));
  });
  await page.goto(address);
  const close = async (expected) => {
    const unexpected = complaints.filter((complaint) => !expected?.test(complaint));
    assert.deepEqual(unexpected, [], `${address}, ${width} px, ${scheme}`);
    await context.close();
  };
  return { page, complaints, close };
}

/// Waits until a page of ours shows its operations.
export async function ready(page, address) {
  const { pathname } = new URL(address);
  let shown = "li h3";
  if (pathname.endsWith("/docs")) shown = ".opblock, .opblock-tag";
  if (pathname.endsWith("/redoc")) shown = "[data-section-id] h1, [data-section-id] h2";
  await page.locator(shown).first().waitFor();
}

/// Asserts that nothing of a page is cut off or has to be scrolled to sideways.
export async function fitsItsWidth(page, what) {
  const { scrolled, shown } = await page.evaluate(() => ({
    scrolled: document.documentElement.scrollWidth,
    shown: document.documentElement.clientWidth,
  }));
  assert.ok(scrolled <= shown, `${what}: the page is ${scrolled} px wide in a window of ${shown}`);
}

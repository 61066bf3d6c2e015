// Debian's Chromium, headless, with a software WebGL; pages that note everything they must not do; looking at pictures.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Longer than anything takes to show, also on a slow machine. */
export const SHOWS_MS = 60_000;
const DRAWN_MS = 60_000;

/** Starts the browser; playwright gives it a new, empty user folder. */
export function launch() {
  return chromium.launch({ executablePath: process.env.ONEMAP_CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

/** Opens the map at `url` and waits until it is drawn. `wrongs` gathers what no page may do. */
export async function openMap(browser, url, { hash = "", locale = "zh-CN", size = [1280, 800], prepare } = {}) {
  const context = await browser.newContext({ locale, viewport: { width: size[0], height: size[1] } });
  const page = await context.newPage();
  const wrongs = watch(page, new URL(url).origin);
  await prepare?.(page);
  await page.goto(`${url}/map${hash}`);
  return { page, wrongs, close: () => context.close() };
}

/** Waits until the map is drawn: every tile there, nothing moving. */
export async function drawn(page) {
  await page.locator('main.map[aria-busy="false"]').waitFor({ timeout: DRAWN_MS });
}

/** Console errors, exceptions, CSP violations (Chromium reports them as console errors) and requests to other hosts. */
function watch(page, origin) {
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // Warnings too, except the software renderer's own remarks: MapLibre reports faults of the style as warnings.
    if (message.type() === "error") wrongs.push(`console: ${message.text()}`);
    if (message.type() === "warning" && !message.text().includes("GL Driver Message")) wrongs.push(`warning: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && asked !== origin) wrongs.push(`request to ${request.url()}`);
  });
  return wrongs;
}

/** What `look` gives, once it holds. */
export async function until(look, what) {
  const end = Date.now() + SHOWS_MS;
  while (Date.now() < end) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`it never came about that ${what}`);
}

/** The number of different colours in a picture of the map. */
export async function coloursOf(page) {
  const pixels = await pixelsOf(page);
  return new Set(pixels).size;
}

/** The share of pixels, 0 to 1, in which two pictures differ. */
export function difference(before, after) {
  assert.equal(before.length, after.length);
  let different = 0;
  for (let place = 0; place < before.length; place += 1) if (before[place] !== after[place]) different += 1;
  return different / before.length;
}

/** A picture of the map without its panels, as one number a pixel. */
export async function pixelsOf(page) {
  await drawn(page);
  const picture = await page.screenshot({ clip: { x: 260, y: 60, width: 500, height: 600 } });
  // Decoded by the browser, on a page of its own that no content security policy binds.
  const decoder = await page.context().browser().newPage();
  try {
    return await decoder.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      return Array.from(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer));
    }, picture.toString("base64"));
  } finally {
    await decoder.close();
  }
}

/** Clicks the middle of the map and waits for the attributes of a feature of `layer`, choosing it where several are. */
export async function pickAtCentre(page, title) {
  const { width, height } = page.viewportSize();
  await page.mouse.move(width / 2, height / 2);
  await page.mouse.click(width / 2, height / 2);
  const panel = page.locator(".feature-panel");
  await panel.waitFor();
  const choice = panel.locator(".choices button", { hasText: title }).first();
  if (await choice.isVisible()) await choice.click();
  await panel.locator("h2", { hasText: title }).waitFor();
  return panel;
}

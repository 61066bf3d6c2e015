// The sample city in a real browser: drawn, clicked, switched, in both languages, and quiet while it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coloursOf, difference, drawn, launch, openMap, pickAtCentre, pixelsOf, until } from "./browser.mjs";
import { serveSample } from "./server.mjs";

let server, browser, parcel;

before(async () => {
  server = await serveSample(1000);
  browser = await launch();
  parcel = await someParcel(server.url);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A parcel and a point inside it: a corner of its ring, moved a little towards the middle of three. */
async function someParcel(url) {
  const answer = await fetch(`${url}/collections/parcels/items?limit=20`);
  const { features } = await answer.json();
  const feature = features.at(-1);
  const ring = feature.geometry.type === "MultiPolygon" ? feature.geometry.coordinates[0][0] : feature.geometry.coordinates[0];
  const corners = ring.slice(0, -1);
  const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  return { zddm: feature.properties.zddm, hash: `#19/${middle[1]}/${middle[0]}` };
}

test("the whole city is drawn and fills the view", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url);
  await drawn(page);
  assert.ok((await coloursOf(page)) > 20, "more than a blank page");
  const { extent } = (await (await fetch(`${server.url}/collections/districts`)).json());
  const [west, south, east, north] = extent.spatial.bbox[0];
  const [, latitude, longitude] = new URL(page.url()).hash.slice(1).split("/").map(Number);
  assert.ok(longitude > west && longitude < east && latitude > south && latitude < north, page.url());
  assert.deepEqual(wrongs, []);
  await close();
});

test("the address' position wins over the data's extent", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: "#14.5/30.21/115.05" });
  await drawn(page);
  assert.match(page.url(), /#14\.5\/30\.21\d*\/115\.05\d*$/);
  await close();
});

test("a click on a parcel shows its code under the schema's title", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  const panel = await pickAtCentre(page, "宗地");
  const value = panel.locator('dd[data-field="zddm"]');
  await value.waitFor();
  assert.equal(await value.textContent(), parcel.zddm);
  const title = panel.locator('dt[title="zddm"]');
  assert.equal(await title.textContent(), "宗地代码");
  await page.click('[data-action="language"]');
  assert.equal(await title.textContent(), "Parcel code");
  await page.keyboard.press("Escape");
  assert.ok(await panel.isHidden());
  assert.deepEqual(wrongs, []);
  await close();
});

test("the keyboard alone shows what is at the centre and closes it again", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  await page.locator(".maplibregl-canvas").focus();
  await page.keyboard.press("Enter");
  const panel = page.locator(".feature-panel");
  await panel.locator("dd").first().waitFor();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "CANVAS");
  await close();
});

test("the page is bound by a content security policy that allows nothing from elsewhere", async () => {
  const policy = (await fetch(`${server.url}/map`)).headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src '(none|self)'/);
  assert.doesNotMatch(policy, /unsafe-eval|\*|script-src[^;]*unsafe-inline/);
});

test("a layer's switch takes it off the map and puts it back", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { hash: parcel.hash.replace("#19", "#16") });
  const full = await pixelsOf(page);
  const toggle = page.locator('input[data-layer="parcels"]');
  await toggle.uncheck();
  await until(async () => difference(full, await pixelsOf(page)) > 0.2, "the city is seen without its parcels, which cover much of it");
  await toggle.check();
  await until(async () => difference(full, await pixelsOf(page)) < 0.01, "it is as it was before");
  assert.deepEqual(wrongs, []);
  await close();
});

test("the language is the browser's, changes with the button and is remembered", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { locale: "en-US" });
  await drawn(page);
  const heading = page.locator(".layer-panel .opener");
  assert.equal(await heading.textContent(), "Layers");
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.click('[data-action="language"]');
  assert.equal(await heading.textContent(), "图层");
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await page.reload();
  await drawn(page);
  assert.equal(await heading.textContent(), "图层");
  assert.deepEqual(wrongs, []);
  await close();
});

test("the position under the cursor is shown in EPSG:4490 to six digits", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: "#15/30.21/115.05" });
  await drawn(page);
  await page.mouse.move(640, 400);
  await page.mouse.move(641, 400);
  const readout = page.locator(".coordinates");
  const [longitude, latitude] = (await readout.locator("output").textContent()).split(", ");
  assert.match(longitude, /^115\.05\d{4}$/);
  assert.match(latitude, /^30\.(21|20)\d{4}$/);
  assert.match(await readout.textContent(), /CGCS2000 \/ EPSG:4490/);
  await close();
});

test("on a phone the map comes first and the layers are one tap away", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { size: [390, 780] });
  await drawn(page);
  assert.ok(await page.locator("#layer-list").isHidden());
  await page.click(".layer-panel .opener");
  assert.ok(await page.locator("#layer-list").isVisible());
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing sticks out");
  assert.deepEqual(wrongs, []);
  await close();
});

// Edits by other programs while the map is open: they show, at little cost, through lost connections, and where there
// is no feed of changes the map works as ever.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { SHOWS_MS, difference, drawn, launch, openMap, pickAtCentre, pixelsOf, until } from "./browser.mjs";
import { edit, load, serveOwnSample } from "./server.mjs";

/** Beyond the city's edge. */
const OUTSIDE = 0.2;

let server, browser, parcel;

before(async () => {
  server = await serveOwnSample(1000);
  browser = await launch();
  parcel = await someParcel(server.url, 15);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A parcel that is valid now, with a place inside it. */
async function someParcel(url, at) {
  const { features } = await (await fetch(`${url}/collections/parcels/items?limit=40`)).json();
  const { id, geometry } = features[at];
  const ring = geometry.coordinates[0][0];
  const corners = ring.slice(0, -1);
  const [x, y] = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  return { id, x, y, hash: `#19/${y}/${x}` };
}

function live(page, state = "live") {
  return page.locator(`.live[data-state="${state}"]`).waitFor({ timeout: SHOWS_MS });
}

/** The addresses of tiles asked for from now on. */
function tilesAsked(page) {
  const asked = [];
  page.on("request", (request) => {
    const tile = /\/xyz\/[^/]+\/\d+\/\d+\/\d+/.exec(request.url());
    if (tile) asked.push(tile[0]);
  });
  return asked;
}

/** The attributes of the parcel at the centre as its tile has them. */
async function tileSays(page) {
  await page.route("**/items/**", (route) => route.abort());
  const panel = await pickAtCentre(page, "宗地");
  await panel.locator(".warning").waitFor();
  const text = await panel.textContent();
  await page.keyboard.press("Escape");
  await page.unroute("**/items/**");
  return text;
}

test("an edit by another program shows on the open map, and asks for the touched tiles only", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { hash: parcel.hash.replace("#19", "#16") });
  await drawn(page);
  await live(page);
  assert.equal(await page.locator(".live").textContent(), "实时");
  const before = await pixelsOf(page);
  const asked = tilesAsked(page);
  // The parcel's land is built over: a pond of its shape, drawn above it.
  const made = edit(server.store, `INSERT INTO water (geom, id, name) SELECT geom, 'pond', '新池' FROM parcels WHERE zddm = '${parcel.id}'`);
  assert.equal(made, 1);
  await until(async () => difference(before, await pixelsOf(page)) > 0.0005, "the pond is drawn");
  assert.ok(asked.length >= 1 && asked.length <= 4, `tiles asked for: ${asked.join(" ")}`);
  await page.screenshot({ path: shot("pond.png") });
  const afterwards = await pixelsOf(page);
  edit(server.store, "DELETE FROM water WHERE id = 'pond'");
  await until(async () => difference(before, await pixelsOf(page)) < 0.0002, "the pond is gone again");
  assert.ok(difference(before, afterwards) < 0.3, "the rest stayed as it was");
  assert.ok(new Set(asked).size <= 4, `tiles asked for: ${asked.join(" ")}`);
  assert.deepEqual(wrongs, []);
  await close();
});

/** Pictures for people go where ONEMAP_SHOTS says. */
function shot(name) {
  return join(process.env.ONEMAP_SHOTS ?? dirname(server.store), name);
}

test("an edit of attributes is in the tile on the map", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  await live(page);
  edit(server.store, `UPDATE parcels SET zl = '改名路1号' WHERE zddm = '${parcel.id}'`);
  await until(async () => (await tileSays(page)).includes("改名路1号"), "the tile says so");
  edit(server.store, `UPDATE parcels SET zl = '改名路2号' WHERE zddm = '${parcel.id}'`);
  await until(async () => (await tileSays(page)).includes("改名路2号"), "the tile says so again");
  await close();
});

test("the chosen feature is shown as it is now, and that it was deleted", async () => {
  const other = await someParcel(server.url, 30);
  const { page, wrongs, close } = await openMap(browser, server.url, { hash: other.hash });
  await drawn(page);
  await live(page);
  const panel = await pickAtCentre(page, "宗地");
  await panel.locator('dd[data-field="zl"]').waitFor();
  edit(server.store, `UPDATE parcels SET zl = '面板路3号' WHERE zddm = '${other.id}'`);
  await panel.locator('dd[data-field="zl"]', { hasText: "面板路3号" }).waitFor({ timeout: SHOWS_MS });
  assert.match(await panel.textContent(), /刚刚更新/);
  await page.screenshot({ path: shot("updated.png") });
  await page.click('[data-action="language"]');
  assert.match(await panel.textContent(), /Just updated/);
  assert.equal(await page.locator(".live").textContent(), "Live");
  assert.deepEqual(wrongs, []);
  edit(server.store, `DELETE FROM parcels WHERE zddm = '${other.id}'`);
  await panel.locator(".warning", { hasText: "This feature was deleted" }).waitFor({ timeout: SHOWS_MS });
  await page.screenshot({ path: shot("deleted.png") });
  await close();
});

test("an edit where the map was before shows when it comes back there", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  await live(page);
  await tileSays(page);
  const go = async (hash) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await page.waitForTimeout(300);
    await drawn(page);
  };
  await go(`#19/${parcel.y + 0.01}/${parcel.x}`);
  edit(server.store, `UPDATE parcels SET zl = '回来路4号' WHERE zddm = '${parcel.id}'`);
  await until(async () => (await (await fetch(`${server.url}/collections/parcels/items/${parcel.id}`)).text()).includes("回来路4号"), "the server has it");
  await page.waitForTimeout(500);
  await go(parcel.hash);
  await until(async () => (await tileSays(page)).includes("回来路4号"), "the tile says so");
  await close();
});

test("what happened while the connection was lost is caught up", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  await live(page);
  await server.pause();
  await live(page, "lost");
  assert.equal(await page.locator(".live").textContent(), "正在重新连接…");
  edit(server.store, `UPDATE parcels SET zl = '断线路5号' WHERE zddm = '${parcel.id}'`);
  await server.start();
  await live(page);
  await until(async () => (await tileSays(page)).includes("断线路5号"), "the tile says so");
  await close();
});

test("a feature beyond the edge of all data until then shows too", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: `#13/${parcel.y}/${parcel.x + OUTSIDE}` });
  await drawn(page);
  await live(page);
  const before = await pixelsOf(page);
  const file = join(dirname(server.store), "outside.geojson");
  const [west, south, east, north] = [parcel.x + OUTSIDE - 0.02, parcel.y - 0.02, parcel.x + OUTSIDE + 0.02, parcel.y + 0.02];
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  const feature = { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: { id: "lake", name: "新湖" } };
  writeFileSync(file, JSON.stringify({ type: "FeatureCollection", features: [feature] }));
  load(file, "--layer", "water", "--to", server.store, "--mode", "append");
  await until(async () => difference(before, await pixelsOf(page)) > 0.2, "the lake is drawn");
  await close();
});

test("a layer that is loaded while the map is open joins it, and switches stay as they are", async () => {
  const { page, wrongs, close } = await openMap(browser, server.url, { hash: parcel.hash.replace("#19", "#16") });
  await drawn(page);
  await live(page);
  await page.locator('input[data-layer="buildings"]').uncheck();
  const before = await pixelsOf(page);
  const file = join(dirname(server.store), "zones.geojson");
  const around = (size) => [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([x, y]) => [parcel.x + x * size, parcel.y + y * size]);
  const feature = { type: "Feature", geometry: { type: "Polygon", coordinates: [around(0.01)] }, properties: { what: "zone" } };
  writeFileSync(file, JSON.stringify({ type: "FeatureCollection", features: [feature] }));
  load(file, "--layer", "zones", "--to", server.store);
  await page.locator('input[data-layer="zones"]').waitFor({ timeout: SHOWS_MS });
  await until(async () => difference(before, await pixelsOf(page)) > 0.2, "the zone is drawn");
  assert.ok(!(await page.locator('input[data-layer="buildings"]').isChecked()));
  await page.screenshot({ path: shot("zones.png") });
  assert.deepEqual(wrongs, []);
  await close();
});

test("a change of a whole layer asks for each tile in view once or twice, not once an entry", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash.replace("#19", "#15") });
  await drawn(page);
  await live(page);
  await page.waitForTimeout(500);
  const asked = tilesAsked(page);
  assert.ok(edit(server.store, "UPDATE parcels SET qlxz = '全改'") > 900);
  await until(async () => asked.length > 0, "tiles are asked for");
  await page.waitForTimeout(2000);
  await drawn(page);
  const most = Math.max(...[...new Set(asked)].map((tile) => asked.filter((each) => each === tile).length));
  assert.ok(most <= 3, `${asked.length} requests for ${new Set(asked).size} tiles`);
  await close();
});

test("where there is no feed for us the map works as ever", async () => {
  for (const status of [403, 404, 503]) {
    const problem = { status, contentType: "application/problem+json", body: JSON.stringify({ title: "no", detail: "no" }) };
    const { page, close } = await openMap(browser, server.url, { prepare: (opening) => opening.route("**/changes?*", (route) => route.fulfill(problem)) });
    await drawn(page);
    assert.ok(await page.getByRole("alert").isHidden());
    if (status !== 503) assert.ok(await page.locator(".live").isHidden());
    await close();
  }
  // A feed that never answers holds nothing up for long.
  const { page, close } = await openMap(browser, server.url, { prepare: (opening) => opening.route("**/changes?*", () => {}) });
  await drawn(page);
  await close();
});

test("a hidden page gives its connection back, and catches up when it is shown", async () => {
  const { page, close } = await openMap(browser, server.url, { hash: parcel.hash });
  await drawn(page);
  await live(page);
  const streams = async () => Number(/onemap_change_streams (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())[1]);
  await until(async () => (await streams()) === 1, "there is one stream");
  const setHidden = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await setHidden(true);
  await until(async () => (await streams()) === 0, "there is none");
  edit(server.store, `UPDATE parcels SET zl = '隐藏路6号' WHERE zddm = '${parcel.id}'`);
  await setHidden(false);
  await until(async () => (await tileSays(page)).includes("隐藏路6号"), "the tile says so");
  await close();
});

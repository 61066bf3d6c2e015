// What people see when things go wrong: the server gone, tiles failing, attribute values that are attacks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawn, launch, openMap, pickAtCentre, pixelsOf, difference, until } from "./browser.mjs";
import { serveSample } from "./server.mjs";

let server, browser;

before(async () => {
  server = await serveSample(1000);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a server that does not answer is said, and trying again works", async () => {
  const { page, close } = await openMap(browser, server.url, {
    prepare: (opening) => opening.route("**/collections", (route) => route.abort()),
  });
  const notice = page.getByRole("alert");
  await notice.waitFor();
  assert.match(await notice.textContent(), /地图无法载入：服务器没有应答/);
  await page.unroute("**/collections");
  await notice.getByRole("button").click();
  await drawn(page);
  assert.ok(await notice.isHidden());
  await close();
});

test("the sentence of a problem document reaches people", async () => {
  const problem = { status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Busy", detail: "the store <b>is</b> being migrated" }) };
  const { page, close } = await openMap(browser, server.url, {
    prepare: (opening) => opening.route("**/styles/basemap", (route) => route.fulfill(problem)),
  });
  const notice = page.getByRole("alert");
  await notice.waitFor();
  assert.match(await notice.textContent(), /503 the store <b>is<\/b> being migrated/);
  await close();
});

test("tiles that fail are said, and trying again draws them", async () => {
  const tiles = /\/xyz\/.*\/\d+\/\d+\/\d+/;
  const { page, close } = await openMap(browser, server.url, { prepare: (opening) => opening.route(tiles, (route) => route.abort()) });
  const notice = page.getByRole("alert");
  await notice.waitFor();
  const empty = await pixelsOf(page);
  await page.unroute(tiles);
  await notice.getByRole("button").click();
  await until(async () => difference(empty, await pixelsOf(page)) > 0.2, "the map is there now");
  await notice.waitFor({ state: "hidden" });
  await close();
});

test("hostile titles and attribute values are shown as text and run nothing", async () => {
  const attack = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>';
  const { page, wrongs, close } = await openMap(browser, server.url, {
    prepare: async (opening) => {
      await opening.route("**/collections", async (route) => {
        const response = await route.fetch();
        const answer = await response.json();
        for (const collection of answer.collections) collection.title = attack;
        await route.fulfill({ json: answer });
      });
      await opening.route("**/styles/basemap", async (route) => {
        const style = await (await route.fetch()).json();
        for (const layer of style.layers) delete layer.metadata;
        await route.fulfill({ json: style });
      });
      await opening.route(/\/collections\/\w+\/schema/, (route) => route.fulfill({ json: { properties: { evil: { title: attack } } } }));
      await opening.route(/\/collections\/\w+\/items\//, (route) => route.fulfill({ json: { type: "Feature", geometry: null, properties: { evil: attack, name: attack, [attack]: 1 } } }));
    },
  });
  await drawn(page);
  const panel = await pickAtCentre(page, attack);
  await panel.locator('dd[data-field="evil"]').waitFor();
  assert.equal(await panel.locator('dd[data-field="evil"]').textContent(), attack);
  assert.equal(await page.evaluate(() => window.attacked), undefined);
  assert.equal(await page.locator("img, .panel script").count(), 0);
  assert.deepEqual(wrongs, []);
  await close();
});

test("a feature that the server cannot give is shown as its tile has it, and that is said", async () => {
  const { page, close } = await openMap(browser, server.url, {
    prepare: (opening) => opening.route(/\/collections\/\w+\/items\//, (route) => route.abort()),
  });
  await drawn(page);
  const panel = await pickAtCentre(page, "行政区");
  await panel.locator(".warning").waitFor();
  assert.ok((await panel.locator('dd[data-field="name"]').textContent()).length > 0);
  await close();
});

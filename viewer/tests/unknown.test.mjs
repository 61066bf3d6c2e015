// Layers that no definition knows: a real city's file is fitted, drawn and clickable like the basemap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { coloursOf, drawn, launch, openMap, pickAtCentre } from "./browser.mjs";
import { serveFile, sharedFile } from "./server.mjs";

/** Loads a file, opens the map and checks that it looks at `around` and draws; `then` does the rest. */
async function check(t, path, options, around, then) {
  const file = sharedFile(t, path);
  if (file === null) return;
  const server = await serveFile(file, ...options);
  const browser = await launch();
  try {
    const { page, wrongs } = await openMap(browser, server.url);
    await drawn(page);
    const [, latitude, longitude] = new URL(page.url()).hash.slice(1).split("/").map(Number);
    assert.ok(Math.abs(longitude - around[0]) < 0.5 && Math.abs(latitude - around[1]) < 0.5, page.url());
    assert.ok((await coloursOf(page)) > 5, "more than a blank page");
    await then(page);
    assert.deepEqual(wrongs, []);
  } finally {
    await browser.close();
    await server.stop();
  }
}

test("the roads of Montevideo are fitted and drawn", async (t) => {
  await check(t, "data/montevideo_core.gpkg.zip", ["--source-layer", "roads"], [-56.18, -34.9], async (page) => {
    // Its name is that of a basemap layer, and still it is not one: no definition was applied to it.
    assert.equal(await page.locator(".layer-title").textContent(), "roads");
  });
});

test("the districts of Huangshi are fitted, drawn and tell their names", async (t) => {
  await check(t, "data/huangshi_tianditu.geojson", [], [115.0, 29.9], async (page) => {
    const title = await page.locator(".layer-title").first().textContent();
    const panel = await pickAtCentre(page, title);
    await panel.locator("dd").first().waitFor();
    assert.match(await panel.textContent(), /[市县区]/);
  });
});

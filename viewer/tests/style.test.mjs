// The style itself: valid by MapLibre's specification, complete in what the server and the viewer read from it.

import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

const style = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../styles/basemap.json"), "utf8"));
const source = style.sources["onemap-basemap"];
const drawing = style.layers.filter(({ type }) => type !== "background");

test("the basemap is a valid MapLibre style", () => {
  assert.deepEqual(validateStyleMin(style).map(({ message }) => message), []);
});

test("every style layer says which map layer it draws", () => {
  // Labels of areas have a layer of their own in tiles.
  for (const layer of drawing) assert.equal(layer.metadata?.["onemap:layer"], layer["source-layer"].replace(/_label$/, ""), layer.id);
});

test("every map layer has a title in both languages and a promoted id", () => {
  for (const name of new Set(drawing.map((layer) => layer["source-layer"]))) assert.equal(source.promoteId[name], "id");
  for (const name of new Set(drawing.map(({ metadata }) => metadata["onemap:layer"]))) {
    const titles = drawing.filter((layer) => layer.metadata["onemap:layer"] === name).flatMap(({ metadata }) => metadata["onemap:title"] ?? []);
    assert.equal(titles.length, 1, name);
    assert.ok(titles[0].zh && titles[0].en, name);
  }
});

test("labels use only the font stacks that are served", () => {
  const stacks = new Set(drawing.filter(({ type }) => type === "symbol").map(({ layout }) => layout["text-font"].join(",")));
  for (const stack of stacks) assert.ok(["Noto Sans Regular", "Noto Sans Bold"].includes(stack), stack);
});

test("every address in the style begins with the base that the server puts in", () => {
  assert.match(source.url, /^\{base\}\//);
  assert.match(style.glyphs, /^\{base\}\/fonts\/\{fontstack\}\/\{range\}\.pbf$/);
});

test("no line is wider than its tiles' margin allows: 8 pixels a side up to the source's last zoom", () => {
  const last = source.maxzoom;
  const widest = (value) => (Array.isArray(value) ? Math.max(...value.slice(1).map(widest)) : typeof value === "number" ? value : 0);
  for (const { id, type, paint } of style.layers.filter((layer) => layer.type === "line")) {
    const stops = Array.isArray(paint["line-width"]) ? paint["line-width"].slice(3) : [0, paint["line-width"]];
    for (let place = 0; place < stops.length; place += 2) {
      if (stops[place] <= last) assert.ok(widest([null, stops[place + 1]]) <= 18, `${type} ${id} at zoom ${stops[place]}`);
    }
  }
});

test("the page finds its files and the server below any path that a proxy puts before it", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../dist/index.html"), "utf8");
  assert.match(page, /<base href="map\/"/);
  assert.match(page, /<script[^>]* src="\.\/assets\//);
  assert.doesNotMatch(page, /(src|href)="\//);
});

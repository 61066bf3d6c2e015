// MapLibre Tiles hold what Mapbox Vector Tiles hold: the same tiles in both forms, each read by the decoder that MapLibre
// GL JS reads it with.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { createServer } from "vite";
import { serveSample } from "./server.mjs";

let server, vite, decodeTile;

before(async () => {
  server = await serveSample(2000);
  // The package is written for bundlers: its modules name each other without endings.
  vite = await createServer({
    root: import.meta.dirname,
    configFile: false,
    appType: "custom",
    logLevel: "error",
    server: { middlewareMode: true, ws: false },
    ssr: { noExternal: ["@maplibre/mlt"] },
    optimizeDeps: { noDiscovery: true },
  });
  ({ decodeTile } = await vite.ssrLoadModule("@maplibre/mlt"));
});
after(async () => {
  await vite?.close();
  await server?.stop();
});

const KINDS = [undefined, "points", "lines", "polygons"];
const plain = (value) => (typeof value === "bigint" ? Number(value) : value);
const sorted = (properties) => Object.fromEntries(Object.entries(properties).sort().map(([key, value]) => [key, plain(value)]));
const pairs = (rings) => rings.map((ring) => ring.map(({ x, y }) => [x, y]));

function ofMvt(bytes) {
  const { layers } = new VectorTile(new PbfReader(bytes));
  return Object.values(layers).map((layer) => ({
    name: layer.name,
    extent: layer.extent,
    features: Array.from({ length: layer.length }, (_, at) => {
      const feature = layer.feature(at);
      return { id: feature.id, kind: KINDS[feature.type], properties: sorted(feature.properties), rings: pairs(feature.loadGeometry()) };
    }),
  }));
}

function ofMlt(bytes) {
  return decodeTile(bytes).map((table) => ({
    name: table.name,
    extent: table.extent,
    features: table.getFeatures().map(({ id, geometry, properties }) => ({
      id: plain(id),
      kind: KINDS[1 + (geometry.type % 3)],
      properties: sorted(properties),
      rings: pairs(geometry.coordinates),
    })),
  }));
}

/** The points of a multipoint are one list in one decoder and several in the other. */
function flattened(layers) {
  for (const { features } of layers) {
    for (const feature of features) {
      if (feature.kind === "points") feature.rings = feature.rings.flat();
    }
  }
  return layers;
}

test("the same tiles in both forms hold the same features", async () => {
  const { bounds } = await (await fetch(`${server.url}/xyz/basemap.json`)).json();
  const { collections } = await (await fetch(`${server.url}/collections`)).json();
  const [west, south, east, north] = bounds;
  const at = (z, lon, lat) => {
    const y = Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI;
    return [Math.floor(((lon + 180) / 360) * 2 ** z), Math.floor(((1 - y) / 2) * 2 ** z)];
  };
  const names = [...collections.map(({ id }) => id), "basemap"];
  const seen = { tiles: 0, features: 0, mvt: 0, mlt: 0 };
  for (const z of [8, 11, 13, 14, 15, 16, 17, 18]) {
    for (const part of [0.35, 0.5, 0.6]) {
      const [x, y] = at(z, west + (east - west) * part, south + (north - south) * part);
      for (const name of names) {
        const get = async (form) => {
          const answer = await fetch(`${server.url}/xyz/${encodeURIComponent(name)}/${z}/${x}/${y}.${form}`);
          assert.ok([200, 204, 404].includes(answer.status), `${name} ${z}/${x}/${y}.${form}: ${answer.status}`);
          return new Uint8Array(await answer.arrayBuffer());
        };
        const [mvt, mlt] = [await get("mvt"), await get("mlt")];
        if (name.includes("lineage") || mvt[0] === 0x7b) continue;
        const expected = flattened(ofMvt(mvt));
        assert.deepEqual(flattened(ofMlt(mlt)), expected, `${name} ${z}/${x}/${y}`);
        seen.tiles += mvt.length > 0;
        seen.features += expected.reduce((sum, layer) => sum + layer.features.length, 0);
        seen.mvt += mvt.length;
        seen.mlt += mlt.length;
      }
    }
  }
  console.log(`${seen.tiles} tiles, ${seen.features} features; ${seen.mvt} bytes as MVT, ${seen.mlt} as MLT`);
  assert.ok(seen.tiles > 60 && seen.features > 1000, JSON.stringify(seen));
  assert.ok(seen.mlt < 0.9 * seen.mvt, JSON.stringify(seen));
});

// Draws tiles of a server and tiles in a folder beside each other, in Chromium, with one style.
//
//   node draw.mjs SERVER FOLDER OUT ZOOM…
//
// FOLDER has z/x/y.pbf, not compressed. Each picture is OUT/beside-tippecanoe-zZ.png.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";

const viewer = fileURLToPath(new URL("../../viewer/node_modules/", import.meta.url));
const { chromium } = await import(path.join(viewer, "playwright-core/index.mjs"));
const [server, folder, out, ...zooms] = process.argv.slice(2);

// What land is used for, by the first two digits of its code (GB/T 21010).
const CLASSES = {
  "01": "#f3e3a0", "02": "#cfe3a0", "03": "#8fbf7f", "04": "#c9dba8", "05": "#e9877a", "06": "#b59ac9", "07": "#f2b8a0",
  "08": "#d28fb8", "09": "#a9a9b8", 10: "#9aa0a8", 11: "#8fb8de", 12: "#d0c8b8",
};
const color = ["match", ["slice", ["to-string", ["coalesce", ["get", "yt"], "  "]], 0, 2], ...Object.entries(CLASSES).flat(), "#d8d8d8"];

const page = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/maplibre-gl.css">
<style>body{margin:0;display:flex;font:14px sans-serif}div.side{position:relative;width:640px;height:560px}
div.map{position:absolute;inset:0}b{position:absolute;z-index:2;left:8px;top:8px;background:#fffd;padding:2px 8px}
div.side+div.side{border-left:2px solid #fff}</style>
<div class="side"><b>onemap</b><div class="map" id="ours"></div></div>
<div class="side"><b>tippecanoe --drop-densest-as-needed</b><div class="map" id="theirs"></div></div>
<script type="module">
import * as imported from "/maplibre-gl.mjs";
const maplibregl = imported.default ?? imported;
window.show = (center, zoom) => Promise.all([["ours", "${server}/xyz/parcels/{z}/{x}/{y}.mvt"], ["theirs", location.origin + "/tiles/{z}/{x}/{y}.pbf"]].map(([id, url]) => new Promise((done) => {
  document.getElementById(id).replaceChildren();
  const map = new maplibregl.Map({ container: id, center, zoom, attributionControl: false, fadeDuration: 0, interactive: false,
    style: { version: 8, sources: { parcels: { type: "vector", tiles: [url], minzoom: 8, maxzoom: 13 } }, layers: [
      { id: "ground", type: "background", paint: { "background-color": "#fbfaf6" } },
      { id: "parcels", type: "fill", source: "parcels", "source-layer": "parcels", paint: { "fill-color": ${JSON.stringify(color)}, "fill-antialias": false } },
      { id: "borders", type: "line", source: "parcels", "source-layer": "parcels", minzoom: 13, paint: { "line-color": "#00000040", "line-width": 0.4 } },
    ] } });
  map.once("idle", () => done(map));
})));
</script>`;

const files = { "/maplibre-gl.css": "text/css", "/maplibre-gl.mjs": "text/javascript", "/maplibre-gl-worker.mjs": "text/javascript" };
const local = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const answer = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
  try {
    const tile = /^\/tiles\/(\d+)\/(\d+)\/(\d+)\.pbf$/.exec(pathname);
    if (pathname === "/") answer("text/html", page);
    else if (tile) answer("application/vnd.mapbox-vector-tile", await readFile(path.join(folder, tile[1], tile[2], `${tile[3]}.pbf`)));
    else answer(files[pathname] ?? "text/javascript", await readFile(path.join(viewer, "maplibre-gl/dist", path.basename(pathname))));
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => local.listen(0, "127.0.0.1", ready));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
});
try {
  const view = await browser.newPage({ viewport: { width: 1282, height: 560 } });
  view.on("pageerror", (error) => console.error(error.message));
  const layer = await (await fetch(`${server}/collections/parcels`)).json();
  const [west, south, east, north] = layer.extent.spatial.bbox[0];
  for (const zoom of zooms.map(Number)) {
    await view.goto(`http://127.0.0.1:${local.address().port}/`);
    await view.waitForFunction(() => window.show !== undefined);
    await view.evaluate(([center, z]) => window.show(center, z).then(() => true), [[(west + east) / 2, (south + north) / 2], zoom]);
    await view.screenshot({ path: path.join(out, `beside-tippecanoe-z${zoom}.png`) });
    console.log(`zoom ${zoom}`);
  }
} finally {
  await browser.close();
  local.close();
}

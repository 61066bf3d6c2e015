// Shows a served sample city in OpenLayers, in Debian's Chromium: tiles in both grids, and features beside them.
// Called by scripts/clients/run with the address of a server and the name of a picture to write.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [base, picture] = process.argv.slice(2);
const DRAWN_MS = 120_000;

const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><style>
  body { margin: 0; display: flex } div { width: 500px; height: 500px; border: 1px solid } </style>
<div id="mercator"></div><div id="degrees"></div><script src="proj4.js"></script><script src="ol.js"></script><script>
// As its authority has it, latitude comes first.
proj4.defs("EPSG:4490", "+proj=longlat +ellps=GRS80 +axis=neu +no_defs");
proj4.defs("http://www.opengis.net/def/crs/EPSG/0/4490", proj4.defs("EPSG:4490"));
ol.proj.proj4.register(proj4);
const centre = [115.04, 30.2];
const red = new ol.style.Style({ stroke: new ol.style.Stroke({ color: "#d00", width: 2 }) });
const grey = new ol.style.Style({
  stroke: new ol.style.Stroke({ color: "#357" }), fill: new ol.style.Fill({ color: "#3572" }),
  image: new ol.style.Circle({ radius: 2, fill: new ol.style.Fill({ color: "#357" }) }),
});
window.results = Promise.all([["mercator", "WebMercatorQuad", "EPSG:3857"], ["degrees", "CGCS2000Quad", "EPSG:4490"]].map(
  async ([target, grid, projection]) => {
    const tiles = new ol.layer.VectorTile({ style: grey, source: new ol.source.OGCVectorTile({
      url: "${base}/collections/parcels/tiles/" + grid, format: new ol.format.MVT(),
      projection,
    }) });
    const features = new ol.source.Vector({ format: new ol.format.GeoJSON(), strategy: ol.loadingstrategy.bbox,
      url: (extent) => {
        const box = ol.proj.transformExtent(extent, projection, "EPSG:4326");
        return "${base}/collections/roads/items?limit=10000&bbox=" + box.join(",");
      } });
    const map = new ol.Map({ target, layers: [tiles, new ol.layer.Vector({ source: features, style: red })],
      view: new ol.View({ projection, center: ol.proj.transform(centre, "EPSG:4326", projection), zoom: 15 }) });
    for (;;) {
      await new Promise((drawn) => { map.once("rendercomplete", drawn); map.render(); });
      if (features.getFeatures().length > 0) break;
      await new Promise((later) => setTimeout(later, 100));
    }
    await new Promise((drawn) => { map.once("rendercomplete", drawn); map.render(); });
    // The parcel that the tiles show in the middle, in longitude and latitude.
    const pixel = map.getPixelFromCoordinate(map.getView().getCenter());
    // What a pixel shows is known a while after it is drawn.
    let found = [];
    while (found.length === 0) {
      found = map.getFeaturesAtPixel(pixel, { layerFilter: (layer) => layer === tiles, hitTolerance: 30 });
      await new Promise((later) => setTimeout(later, 100));
    }
    return { target, roads: features.getFeatures().length, parcels: found.map((one) => one.get("id") ?? one.getId()) };
  }));
</script>`;

const files = {
  "/": ["text/html", page],
  "/ol.js": ["text/javascript", await readFile("node_modules/ol/dist/ol.js")],
  "/proj4.js": ["text/javascript", await readFile("node_modules/proj4/dist/proj4.js")],
};
const server = createServer((request, response) => {
  const [type, body] = files[request.url] ?? ["text/plain", ""];
  response.writeHead(body ? 200 : 404, { "content-type": type }).end(body);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const browser = await chromium.launch({
  executablePath: process.env.ONEMAP_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const tab = await browser.newPage({ viewport: { width: 1010, height: 510 } });
  const wrongs = [];
  tab.on("pageerror", (error) => wrongs.push(error.message));
  tab.on("console", (message) => message.type() === "error" && wrongs.push(message.text()));
  tab.setDefaultTimeout(DRAWN_MS);
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`not drawn: ${wrongs}`)), DRAWN_MS));
  const results = await Promise.race([tab.evaluate(() => window.results), late]);
  await tab.screenshot({ path: picture });
  if (wrongs.length) throw new Error(wrongs.join("\n"));
  const [one, other] = results;
  if (!one.parcels.length || one.roads === 0) throw new Error(JSON.stringify(results));
  if (!one.parcels.some((id) => other.parcels.includes(id))) throw new Error(`not the same place: ${JSON.stringify(results)}`);
  console.log(`ok      OpenLayers: tiles in both grids show parcel ${one.parcels[0]}, and ${one.roads} roads as features`);
} catch (error) {
  console.log(`FAILED  OpenLayers: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
process.exit();

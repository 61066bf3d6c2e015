// Asks a served sample city through @camptocamp/ogc-client, which GeoNetwork and other portals use.
// Called by scripts/clients with the address of a server.
import { OgcApiEndpoint } from "@camptocamp/ogc-client";

const base = process.argv[2];
const endpoint = new OgcApiEndpoint(`${base}/`);

function hold(condition, what) {
  if (!condition) throw new Error(what);
}

const info = await endpoint.info;
hold(info.title === "One map", `the title is ${info.title}`);
hold(await endpoint.hasFeatures, "there are no features");
const tiled = await endpoint.vectorTileCollections;
hold(tiled.includes("parcels"), `parcels is not in the tiles of ${tiled}`);
const collections = await endpoint.featureCollections;
hold(collections.includes("parcels"), `parcels is not in ${collections}`);
const parcels = await endpoint.getCollectionInfo("parcels");
hold(parcels.queryables.length > 3, "no queryables");
hold(parcels.sortables.length > 3, "no sortables");
hold(parcels.crs.length > 10, "no coordinate systems");
const items = await endpoint.getCollectionItems("parcels", 25, 10);
hold(items.length === 25, `${items.length} items`);
const url = await endpoint.getCollectionItemsUrl("parcels", { limit: 5, extent: [115.03, 30.19, 115.05, 30.21] });
const page = await (await fetch(url)).json();
hold(page.features.length === 5, url);
console.log(
  `ok      ogc-client: ${collections.length} layers, ${parcels.queryables.length} queryables, ` +
    `${parcels.sortables.length} sortables, ${parcels.itemFormats.length} formats, 25 items`,
);

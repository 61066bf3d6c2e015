// Keeps the tiles on the map as new as the feed of changes: of those that an edit can show in, each is asked for again
// once, when it is in view; the others stay as they are.

import type { Map as MapLibre, MapSourceDataEvent, StyleSpecification, VectorTileSource } from "maplibre-gl";
import type { Change, TileRange } from "./changes";

/** More changes than this are not told apart: tiles older than the ones forgotten count as touched. */
const MAX_CHANGES = 2000;
const MAX_TILES = 2000;
/** While the map is busy, tiles are looked at again after so long. */
const BUSY_MS = 80;
const TILE_SIZE_PX = 512;

interface Touched {
  /** The number of the change. */
  at: number;
  layer: string;
  ranges: TileRange[];
}

export interface FreshTiles {
  /** Tiles that the changes can show in are asked for again. */
  touch(changes: Change[]): void;
  /** All tiles are asked for again, each when it is in view. */
  touchAll(): void;
}

/** Watches the tiles of a map that has just been made. */
export function freshTiles(map: MapLibre): FreshTiles {
  /** After which change a tile was asked for last, by source and tile. */
  const asked = new Map<string, number>();
  let touched: Touched[] = [];
  let last = 0;
  /** Changes up to this one are forgotten. */
  let forgotten = 0;
  /** Sources whose data has outgrown the bounds that they were announced with. */
  const outgrown = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRefreshing = false;
  let sources: Drawn[] | null = null;

  /** The sources of tiles, as the style is now. */
  const drawn = () => (sources ??= drawnSources(map));
  map.on("styledata", () => (sources = null));
  map.on("sourcedataloading", (event: MapSourceDataEvent) => {
    if (!event.tile) return;
    // A tile that is not known counts as touched by all changes that are: forgetting is safe.
    if (asked.size >= MAX_TILES) asked.clear();
    asked.set(keyOf(event.sourceId, event.coord.canonical), last);
  });
  // A tile may come back into view from MapLibre's own memory, older than what is known here.
  map.on("idle", () => freshen());

  const isStale = ({ id, layers }: Drawn, { z, x, y }: Tile) => {
    const since = asked.get(keyOf(id, { z, x, y })) ?? 0;
    if (since < forgotten) return true;
    return touched.some(({ at, layer, ranges }) => at > since && layers.has(layer) && ranges.some((range) => holds(range, z, x, y)));
  };

  const freshen = () => {
    if (last === 0) return;
    clearTimeout(timer);
    // Not while tiles are under way: MapLibre would leave those out, and their answers may be from before the change.
    if (!map.loaded()) {
      timer = setTimeout(freshen, BUSY_MS);
      return;
    }
    // A tile that turns out to be the same makes MapLibre draw nothing, and a map that draws nothing never says that it
    // is done.
    if (isRefreshing) map.triggerRepaint();
    isRefreshing = false;
    for (const one of drawn()) {
      const { id, source } = one;
      const tiles = inView(map, source);
      const isOutgrown = outgrown.delete(id) && source.url;
      const stale = isOutgrown ? tiles : tiles.filter((tile) => isStale(one, tile));
      if (stale.length === 0) continue;
      for (const tile of stale) asked.set(keyOf(id, tile), last);
      if (isOutgrown) source.setUrl(source.url);
      else map.refreshTiles(id, stale);
      isRefreshing = true;
    }
    if (isRefreshing) timer = setTimeout(freshen, BUSY_MS);
  };

  return {
    touch(changes) {
      for (const { layer, box, tiles } of changes) {
        last += 1;
        touched.push({ at: last, layer, ranges: tiles });
        const shows = drawn().filter(({ layers }) => layers.has(layer));
        for (const { id, source } of shows) if (box !== null && source.bounds && !within(box, source.bounds)) outgrown.add(id);
      }
      if (touched.length > MAX_CHANGES) {
        touched = touched.slice(-MAX_CHANGES / 2);
        forgotten = (touched[0]?.at ?? 1) - 1;
      }
      freshen();
    },
    touchAll() {
      last += 1;
      forgotten = last;
      touched = [];
      // Zooms and bounds may be others too.
      for (const { id } of drawn()) outgrown.add(id);
      freshen();
    },
  };
}

/** A source of tiles, and the layers that the style draws from it. */
interface Drawn {
  id: string;
  source: VectorTileSource;
  layers: Set<string>;
}

interface Tile {
  z: number;
  x: number;
  y: number;
}

function keyOf(sourceId: string, { z, x, y }: Tile): string {
  return `${sourceId} ${z}/${x}/${y}`;
}

function holds([zoom, west, north, east, south]: TileRange, z: number, x: number, y: number): boolean {
  return zoom === z && west <= x && x <= east && north <= y && y <= south;
}

function within(inner: readonly number[], outer: readonly number[]): boolean {
  return inner[0]! >= outer[0]! && inner[1]! >= outer[1]! && inner[2]! <= outer[2]! && inner[3]! <= outer[3]!;
}

function drawnSources(map: MapLibre): Drawn[] {
  // MapLibre has none until it has taken the first one in, whatever its types say.
  const style = map.getStyle() as StyleSpecification | undefined;
  if (style === undefined) return [];
  const layersOf = (id: string) => style.layers.flatMap((layer) => ("source-layer" in layer && layer.source === id && layer["source-layer"] ? [layer["source-layer"]] : []));
  return Object.keys(style.sources).flatMap((id) => {
    const source = map.getSource(id);
    return source?.type === "vector" ? [{ id, source: source as VectorTileSource, layers: new Set(layersOf(id)) }] : [];
  });
}

/** The tiles in view, as MapLibre counts them. */
function inView(map: MapLibre, { minzoom, maxzoom }: VectorTileSource): Tile[] {
  return map.coveringTiles({ tileSize: TILE_SIZE_PX, minzoom, maxzoom }).map(({ canonical: { z, x, y } }) => ({ z, x, y }));
}

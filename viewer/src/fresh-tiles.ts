// Keeps the tiles on the map as new as the feed of changes: of those that an edit can show in, each is asked for again
// once, when it is in view; the others stay as they are.

import type { Map as MapLibre, MapSourceDataEvent, VectorTileSource } from "maplibre-gl";
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

  map.on("sourcedataloading", (event: MapSourceDataEvent) => {
    if (!event.tile) return;
    // A tile that is not known counts as touched by all changes that are: forgetting is safe.
    if (asked.size >= MAX_TILES) asked.clear();
    asked.set(keyOf(event.sourceId, event.coord.canonical), last);
  });
  // A tile may come back into view from MapLibre's own memory, older than what is known here.
  map.on("idle", () => freshen());

  const isStale = (sourceId: string, { z, x, y }: Tile) => {
    const since = asked.get(keyOf(sourceId, { z, x, y })) ?? 0;
    if (since < forgotten) return true;
    return touched.some(({ at, ranges }) => at > since && ranges.some((range) => holds(range, z, x, y)));
  };

  const freshen = () => {
    if (last === 0) return;
    clearTimeout(timer);
    // Not while tiles are under way: MapLibre would leave those out, and their answers may be from before the change.
    if (!map.loaded()) {
      timer = setTimeout(freshen, BUSY_MS);
      return;
    }
    for (const [id, source] of vectorSources(map)) {
      if (outgrown.delete(id) && source.url) {
        source.setUrl(source.url);
        for (const tile of inView(map, source)) asked.set(keyOf(id, tile), last);
        continue;
      }
      const stale = inView(map, source).filter((tile) => isStale(id, tile));
      for (const tile of stale) asked.set(keyOf(id, tile), last);
      if (stale.length > 0) map.refreshTiles(id, stale);
    }
  };

  return {
    touch(changes) {
      for (const { box, tiles } of changes) {
        last += 1;
        touched.push({ at: last, ranges: tiles });
        if (box === null) continue;
        for (const [id, { bounds }] of vectorSources(map)) if (bounds && !within(box, bounds)) outgrown.add(id);
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
      for (const [id] of vectorSources(map)) outgrown.add(id);
      freshen();
    },
  };
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

function vectorSources(map: MapLibre): [string, VectorTileSource][] {
  const ids = Object.keys(map.getStyle()?.sources ?? {});
  const sources = ids.map((id) => [id, map.getSource(id)] as const);
  return sources.filter(([, source]) => source?.type === "vector") as [string, VectorTileSource][];
}

/** The tiles in view, as MapLibre counts them. */
function inView(map: MapLibre, { minzoom, maxzoom }: VectorTileSource): Tile[] {
  return map.coveringTiles({ tileSize: TILE_SIZE_PX, minzoom, maxzoom }).map(({ canonical: { z, x, y } }) => ({ z, x, y }));
}

// Where the map first looks: at all of its data, unless the address says otherwise.

import type { Box, Collection } from "./server";

/** Web Mercator ends here. */
const MAX_LATITUDE = 85;
/** China, for a store without data. */
export const NOWHERE: Box = [73, 18, 135, 54];

/** The box around the extents of the collections named in `shown`; null where none of them has one. */
export function extentOf(collections: Collection[], shown: ReadonlySet<string>): Box | null {
  let all: Box | null = null;
  for (const { id, extent } of collections) {
    if (extent === null || !shown.has(id)) continue;
    all = all === null ? extent : [Math.min(all[0], extent[0]), Math.min(all[1], extent[1]), Math.max(all[2], extent[2]), Math.max(all[3], extent[3])];
  }
  return all === null ? null : within(all);
}

/** Whether the address already holds a position as MapLibre writes it: #zoom/latitude/longitude. */
export function addressHasPosition(hash: string): boolean {
  return /^#\d+(\.\d+)?\/-?\d+(\.\d+)?\/-?\d+(\.\d+)?/.test(hash);
}

function within([west, south, east, north]: Box): Box {
  const latitude = (value: number) => Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, value));
  return [Math.max(-180, west), latitude(south), Math.min(180, east), latitude(north)];
}

// Which features lie under a click, a finger or, for the keyboard, the centre of the map.

import type { LayerSpecification, Map as MapLibre, Point } from "maplibre-gl";
import type { MapLayer } from "./layers";

/** Reach around the point, in pixels: thin lines must be hit, and fingers are wide. */
const CURSOR_REACH_PX = 4;
const FINGER_REACH_PX = 12;
/** More than this under one click is no list that anybody reads. */
const MAX_PICKED = 20;

/** A feature as its tile knows it. */
export interface Picked {
  layer: MapLayer;
  /** The public id. */
  id: string;
  properties: Record<string, unknown>;
}

/** Calls `pick` with what of the layers that there are lies under each click, tap or Enter key, the topmost first. */
export function onPick(map: MapLibre, layers: () => MapLayer[], pick: (picked: Picked[]) => void): void {
  const byStyleLayer = () => new Map(layers().flatMap((layer) => hittable(layer).map(({ id }) => [id, layer] as const)));
  const at = (point: Point, reach: number) => featuresAt(map, byStyleLayer(), point, reach);
  map.on("click", (event) => {
    const isFinger = (event.originalEvent as PointerEvent).pointerType === "touch" || matchMedia("(pointer: coarse)").matches;
    pick(at(event.point, isFinger ? FINGER_REACH_PX : CURSOR_REACH_PX));
  });
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key === "Enter") pick(at(map.project(map.getCenter()), CURSOR_REACH_PX));
  });
  showPointer(map, (point) => at(point, CURSOR_REACH_PX).length > 0);
}

/** Shows a pointing hand over features; looks once a frame at most. */
function showPointer(map: MapLibre, isHit: (point: Point) => boolean): void {
  let waiting = false;
  map.on("mousemove", (event) => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      map.getCanvas().style.cursor = !map.isMoving() && isHit(event.point) ? "pointer" : "";
    });
  });
}

/** The style layers that can be hit. Not the edges of filled areas: tiles cut areas, and a cut is an edge too. */
function hittable({ styleLayers }: MapLayer): LayerSpecification[] {
  const isFilled = styleLayers.some(({ type }) => type === "fill");
  return isFilled ? styleLayers.filter(({ type }) => type !== "line") : styleLayers;
}

function featuresAt(map: MapLibre, byStyleLayer: Map<string, MapLayer>, { x, y }: Point, reach: number): Picked[] {
  const found = new Map<string, Picked>();
  const hits = map.queryRenderedFeatures(
    [
      [x - reach, y - reach],
      [x + reach, y + reach],
    ],
    { layers: [...byStyleLayer.keys()] },
  );
  for (const { layer: styleLayer, id: featureId, properties } of hits) {
    const layer = byStyleLayer.get(styleLayer.id);
    const id = properties["id"] ?? featureId;
    if (layer === undefined || id === undefined || found.size === MAX_PICKED) continue;
    const key = `${layer.name} ${id}`;
    if (!found.has(key)) found.set(key, { layer, id: String(id), properties });
  }
  return [...found.values()];
}

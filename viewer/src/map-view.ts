// Makes the MapLibre map: bundled worker, north up, position in the address, Chinese glyphs from the browser's fonts.

import { type ExpressionSpecification, Map as MapLibre, ScaleControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { addressHasPosition, NOWHERE } from "./extent";
import { keepHighlight } from "./highlight";
import { inEveryLanguage, language, say } from "./language";
import { metadataOf } from "./layers";
import type { Box } from "./server";

/** Space around the data when all of it is shown, in pixels. */
const FIT_PADDING_PX = 32;
/** Closer than this a single small feature would fill the screen. */
const FIT_MAX_ZOOM = 17;
const MAX_ZOOM = 22;

/** Draws `style` into `container`, looking at `extent` unless the address holds a position. */
export function makeMap(container: HTMLElement, style: StyleSpecification, extent: Box | null): MapLibre {
  setWorkerUrl(workerUrl);
  const map = new MapLibre({
    container,
    style,
    hash: true,
    maxZoom: MAX_ZOOM,
    // Tiles are never cut into smaller ones: what MapLibre has cut it keeps for ever, whatever becomes of the tile.
    zoomLevelsToOverscale: MAX_ZOOM,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    attributionControl: false,
    fadeDuration: 150,
    // Han characters come from the browser; which of its fonts, the @font-face rules of style.css say.
    localIdeographFontFamily: "sans-serif",
    ...(addressHasPosition(location.hash) ? {} : { bounds: extent ?? NOWHERE, fitBoundsOptions: fitOptions() }),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 110, unit: "metric" }), "bottom-right");
  // Told to assistive technology: still loading, or drawn.
  map.on("dataloading", () => container.setAttribute("aria-busy", "true"));
  map.on("movestart", () => container.setAttribute("aria-busy", "true"));
  map.on("idle", () => container.setAttribute("aria-busy", "false"));
  map.once("style.load", () => inEveryLanguage(() => sayOnMap(map)));
  return map;
}

/** Draws `style` instead; the view, and what is marked, stay. */
export function restyle(map: MapLibre, style: StyleSpecification): void {
  map.setStyle(style, { diff: true, transformStyle: keepHighlight });
  originals.delete(map);
  sayOnMap(map);
}

/** Moves the view to the whole of the data. */
export function showAll(map: MapLibre, extent: Box | null): void {
  map.fitBounds(extent ?? NOWHERE, fitOptions());
}

function fitOptions() {
  return { padding: FIT_PADDING_PX, maxZoom: FIT_MAX_ZOOM };
}

/** Puts the map's own description and, where the style has them, its labels into the language that is shown. */
function sayOnMap(map: MapLibre): void {
  map.getCanvas().setAttribute("aria-label", say("map"));
  for (const layer of originalLayers(map)) {
    const texts = metadataOf(layer)["onemap:text-field"];
    if (layer.type !== "symbol" || typeof texts !== "object" || texts === null) continue;
    const text = (texts as Record<string, ExpressionSpecification>)[language()] ?? layer.layout?.["text-field"];
    map.setLayoutProperty(layer.id, "text-field", text);
  }
}

const originals = new WeakMap<MapLibre, StyleSpecification["layers"]>();

/** The style's layers as the server gave them, whatever was changed since. */
function originalLayers(map: MapLibre): StyleSpecification["layers"] {
  const layers = originals.get(map) ?? map.getStyle().layers;
  originals.set(map, layers);
  return layers;
}

// Groups the style's layers into map layers: what people switch on and off. Works for any style the server makes,
// also for layers that no definition knows.

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { language } from "./language";
import type { Collection } from "./server";
import { sayTitle } from "./values";

/** What a layer looks like in the panel. */
export interface Swatch {
  shape: "area" | "line" | "point" | "text";
  colour: string;
}

/** One layer of the map with the style layers that draw it. */
export interface MapLayer {
  /** The collection's id. */
  name: string;
  styleLayers: LayerSpecification[];
  swatch: Swatch;
  /** The lowest zoom at which anything of it shows. */
  minZoom: number;
  titles: { zh: string; en: string };
}

/** The map's layers, the topmost first. */
export function mapLayers(style: StyleSpecification, collections: Collection[]): MapLayer[] {
  const groups = new Map<string, LayerSpecification[]>();
  for (const layer of style.layers) {
    const name = layerName(layer);
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), layer]);
  }
  return [...groups].reverse().map(([name, styleLayers]) => {
    const title = collections.find((collection) => collection.id === name)?.title ?? name;
    const minZoom = Math.min(...styleLayers.map((layer) => layer.minzoom ?? 0));
    return { name, styleLayers, swatch: swatchOf(styleLayers), minZoom, titles: { zh: title, en: title, ...titlesOf(styleLayers) } };
  });
}

/** Changes a style so that it does not show the layers of these names at first. */
export function hide(style: StyleSpecification, names: ReadonlySet<string>): void {
  for (const layer of style.layers) {
    const name = layerName(layer);
    if (name !== null && names.has(name)) Object.assign(layer, { layout: { ...layer.layout, visibility: "none" } });
  }
}

/** Whether the style shows a layer at first. */
export function isShown(layer: MapLayer): boolean {
  return layer.styleLayers.some(({ layout }) => layout?.visibility !== "none");
}

/** A map layer's title in the language that is shown. */
export function titleOf(layer: MapLayer): string {
  return sayTitle(layer.titles[language()]);
}

/** Metadata of a style or style layer, as far as it is an object. */
export function metadataOf(holder: { metadata?: unknown }): Record<string, unknown> {
  const metadata = holder.metadata;
  return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {};
}

function layerName(layer: LayerSpecification): string | null {
  const said = metadataOf(layer)["onemap:layer"];
  if (typeof said === "string") return said;
  return "source-layer" in layer && layer["source-layer"] ? layer["source-layer"] : null;
}

function titlesOf(styleLayers: LayerSpecification[]): Partial<MapLayer["titles"]> {
  const titles = styleLayers.map((layer) => metadataOf(layer)["onemap:title"]).find((title) => typeof title === "object");
  return (titles ?? {}) as Partial<MapLayer["titles"]>;
}

/** The colour and shape of the first style layer that has one; areas tell more than their borders. */
function swatchOf(styleLayers: LayerSpecification[]): Swatch {
  const kinds = [
    ["fill", "area", "fill-color"],
    ["circle", "point", "circle-color"],
    ["line", "line", "line-color"],
    ["symbol", "text", "text-color"],
  ] as const;
  for (const [type, shape, property] of kinds) {
    // The last one of a type is drawn on top of the others: a road's own colour, not its casing's.
    for (const layer of styleLayers.filter((candidate) => candidate.type === type).reverse()) {
      const colour = firstColour((layer.paint as Record<string, unknown> | undefined)?.[property]);
      if (colour !== null) return { shape, colour };
    }
  }
  return { shape: "area", colour: "#8a8a8a" };
}

/** The first colour in a style value, which may be an expression; null where there is none. */
function firstColour(value: unknown): string | null {
  if (typeof value === "string") return CSS.supports("color", value) ? value : null;
  if (!Array.isArray(value)) return null;
  for (const part of value) {
    const colour = firstColour(part);
    if (colour !== null) return colour;
  }
  return null;
}

// The panel of layers: a switch and a swatch for each, and a hint where one shows only closer in.

import type { Map as MapLibre } from "maplibre-gl";
import { button, element, icon } from "./dom";
import { inEveryLanguage, say } from "./language";
import { isShown, type MapLayer, type Swatch, titleOf } from "./layers";

const STACK = "M10 3 L17.5 7 L10 11 L2.5 7 Z M3 10.5 L10 14.2 L17 10.5 M3 13.8 L10 17.5 L17 13.8";
/** Narrower than this, the panel starts closed: the map is what people came for. */
const PHONE_PX = 640;

export interface LayerPanel {
  element: HTMLElement;
  /** The names of the layers that are switched off. */
  hidden(): Set<string>;
  /** Shows these layers instead. */
  show(layers: MapLayer[]): void;
}

/** Builds the panel for `layers`; closed at first on a phone. */
export function layerPanel(map: MapLibre, layers: MapLayer[]): LayerPanel {
  const list = element("ul", { class: "layers", attributes: { id: "layer-list" } });
  let rows: ReturnType<typeof layerRow>[] = [];
  const heading = element("span");
  const opener = button({ class: "opener", attributes: { "aria-controls": "layer-list" } }, icon(STACK), heading);
  const panel = element("section", { class: "panel layer-panel" }, opener, list);
  const empty = element("li", { class: "hint" });

  const open = (isOpen: boolean) => {
    list.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
  };
  open(window.innerWidth >= PHONE_PX);
  opener.addEventListener("click", () => open(list.hidden === true));

  const name = () => {
    heading.textContent = say("layers");
    empty.textContent = say("noLayers");
    panel.setAttribute("aria-label", say("layers"));
    for (const row of rows) row.name();
  };
  const showReach = () => rows.forEach((row) => row.reach(map.getZoom()));
  const show = (shown: MapLayer[]) => {
    rows = shown.map((layer) => layerRow(map, layer));
    list.replaceChildren(...(rows.length > 0 ? rows.map((row) => row.item) : [empty]));
    name();
    showReach();
  };
  show(layers);
  inEveryLanguage(name);
  map.on("zoomend", showReach);
  const hidden = () => new Set(rows.filter((row) => !row.isOn()).map((row) => row.layer));
  return { element: panel, hidden, show };
}

function layerRow(map: MapLibre, layer: MapLayer) {
  const box = element("input", { attributes: { type: "checkbox", role: "switch", "data-layer": layer.name } });
  box.checked = isShown(layer);
  box.addEventListener("change", () => setShown(map, layer, box.checked ? "visible" : "none"));
  const title = element("span", { class: "layer-title" });
  const hint = element("span", { class: "hint" });
  const text = element("span", { class: "layer-text" }, title, hint);
  const item = element("li", {}, element("label", {}, swatch(layer.swatch), text, box));
  return {
    item,
    layer: layer.name,
    isOn: () => box.checked,
    name: () => {
      title.textContent = titleOf(layer);
      hint.textContent = say("showsCloser");
    },
    reach: (zoom: number) => item.classList.toggle("too-far", zoom < layer.minZoom),
  };
}

function setShown(map: MapLibre, layer: MapLayer, visibility: "visible" | "none"): void {
  for (const { id } of layer.styleLayers) map.setLayoutProperty(id, "visibility", visibility);
}

function swatch({ shape, colour }: Swatch): HTMLElement {
  const mark = element("span", { class: `swatch ${shape}`, attributes: { "aria-hidden": "true" } }, shape === "text" ? "12" : null);
  // Through the style object, not an attribute: the content security policy forbids those.
  mark.style.setProperty("--colour", colour);
  return mark;
}

// The viewer's start: asks the server for the style and the collections, then puts the map and its panels on the page.
// Where that fails it says so and offers to try again.

import { AJAXError, type Map as MapLibre, type StyleSpecification } from "maplibre-gl";
import { coordinates } from "./coordinates";
import { element } from "./dom";
import { extentOf } from "./extent";
import { featurePanel } from "./feature-panel";
import { highlight } from "./highlight";
import { inEveryLanguage, language, say } from "./language";
import { layerPanel } from "./layer-panel";
import { mapLayers, metadataOf } from "./layers";
import { makeMap, showAll } from "./map-view";
import { makeNotice, type Notice } from "./notice";
import { onPick } from "./picking";
import { type Collection, fetchCollections, fetchStyle, ServerError } from "./server";
import { toolbar } from "./toolbar";
import "./style.css";

inEveryLanguage(() => {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = say("title");
});
const notice = makeNotice();
document.body.append(notice.element);
void start();

async function start(): Promise<void> {
  try {
    const [style, collections] = await Promise.all([fetchStyle(), fetchCollections()]);
    show(style, collections);
  } catch (failure) {
    const why = failure instanceof ServerError ? failure.message : String(failure);
    notice.show(() => `${say("startFailed")}${why}`, () => void start());
  }
}

function show(style: StyleSpecification, collections: Collection[]): void {
  if (document.createElement("canvas").getContext("webgl2") === null) {
    notice.show(() => say("noWebGl"));
    return;
  }
  const layers = mapLayers(style, collections);
  const extent = extentOf(collections, new Set(layers.map((layer) => layer.name)));
  // Always Chinese: the browser picks the Chinese shapes of Han characters by it, whatever language the buttons have.
  const container = element("main", { class: "map", attributes: { lang: "zh-CN" } });
  document.body.prepend(container);
  const map = makeMap(container, style, extent);
  const panel = featurePanel((geometry) => highlight(map, geometry), () => map.getCanvas().focus({ preventScroll: true }));
  const corner = element("footer", { class: "corner" }, approvalNumber(style), coordinates(map));
  document.body.append(layerPanel(map, layers), toolbar(map, () => showAll(map, extent)), panel.element, corner);
  onPick(map, layers, (picked) => panel.show(picked));
  reportFailures(map, notice);
}

/** 审图号, where the server's configuration has one. */
function approvalNumber(style: StyleSpecification): HTMLElement | null {
  const approval = metadataOf(style)["onemap:approval"];
  return typeof approval === "string" && approval !== "" ? element("div", { class: "approval" }, approval) : null;
}

/** Says when the server fails to give tiles; trying again asks anew for everything. */
function reportFailures(map: MapLibre, notice: Notice): void {
  map.on("error", ({ error }) => {
    console.warn(error.message);
    // A fault in one style layer leaves the others whole: nothing for people to act on.
    if (!(error instanceof AJAXError)) return;
    // The whole style anew: MapLibre's refreshTiles waits for ever on a tile that has failed.
    notice.show(() => say("serverGone"), () => map.setStyle(map.getStyle(), { diff: false }));
  });
}

// The viewer's start: asks the server for the style and the collections, then puts the map and its panels on the page.
// Where that fails it says so and offers to try again.

import { AJAXError, type Map as MapLibre, type StyleSpecification } from "maplibre-gl";
import { followChanges } from "./changes";
import { coordinates } from "./coordinates";
import { element } from "./dom";
import { extentOf } from "./extent";
import { featurePanel } from "./feature-panel";
import { freshTiles } from "./fresh-tiles";
import { highlight } from "./highlight";
import { inEveryLanguage, language, say } from "./language";
import { layerPanel } from "./layer-panel";
import { hide, mapLayers, metadataOf } from "./layers";
import { liveMark } from "./live-mark";
import { makeMap, restyle, showAll } from "./map-view";
import { makeNotice, type Notice } from "./notice";
import { onPick } from "./picking";
import { type Collection, fetchCollections, fetchCursor, fetchStyle, ServerError } from "./server";
import { toolbar } from "./toolbar";
import "./style.css";

/** The map does not wait longer for its place in the feed of changes. */
const CURSOR_MS = 3000;

inEveryLanguage(() => {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.title = say("title");
});
const notice = makeNotice();
document.body.append(notice.element);
void start();

async function start(): Promise<void> {
  try {
    // The place in the feed comes first: what changes while the rest is read is heard of.
    const cursor = within(CURSOR_MS, fetchCursor("now"));
    const [style, collections] = await Promise.all([fetchStyle(), fetchCollections()]);
    show(style, collections, await cursor);
  } catch (failure) {
    const why = failure instanceof ServerError ? failure.message : String(failure);
    notice.show(() => `${say("startFailed")}${why}`, () => void start());
  }
}

/** What was promised, or null where that fails or takes longer. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  return Promise.race([promise.catch(() => null), new Promise<null>((done) => setTimeout(() => done(null), ms))]);
}

function show(style: StyleSpecification, collections: Collection[], cursor: string | null): void {
  if (document.createElement("canvas").getContext("webgl2") === null) {
    notice.show(() => say("noWebGl"));
    return;
  }
  let layers = mapLayers(style, collections);
  let extent = extentOf(collections, new Set(layers.map((layer) => layer.name)));
  // Always Chinese: the browser picks the Chinese shapes of Han characters by it, whatever language the buttons have.
  const container = element("main", { class: "map", attributes: { lang: "zh-CN" } });
  document.body.prepend(container);
  const map = makeMap(container, style, extent);
  const tiles = freshTiles(map);
  const mark = liveMark();
  const panel = featurePanel((geometry) => highlight(map, geometry), () => map.getCanvas().focus({ preventScroll: true }));
  const corner = element("footer", { class: "corner" }, mark.element, approvalNumber(style), coordinates(map));
  const list = layerPanel(map, layers);
  document.body.append(list.element, toolbar(map, () => showAll(map, extent)), panel.element, corner);
  onPick(map, () => layers, (picked) => panel.show(picked));
  reportFailures(map, notice);

  let drawn = JSON.stringify(style);
  /** Layers were made, changed or removed: the style may be another one, and every tile. */
  const redefine = async () => {
    tiles.touchAll();
    try {
      const [next, known] = await Promise.all([fetchStyle(), fetchCollections()]);
      const text = JSON.stringify(next);
      extent = extentOf(known, new Set(mapLayers(next, known).map((layer) => layer.name)));
      if (text !== drawn) {
        drawn = text;
        hide(next, list.hidden());
        restyle(map, next);
      }
      layers = mapLayers(next, known);
      list.show(layers);
    } catch (failure) {
      console.warn(String(failure));
    }
  };
  followChanges(cursor, {
    changed(changes) {
      tiles.touch(changes);
      panel.changed(changes);
      if (changes.some(({ operation }) => operation === "define")) void redefine();
    },
    changedAll() {
      panel.changedAll();
      void redefine();
    },
    state: (state) => mark.show(state),
  });
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

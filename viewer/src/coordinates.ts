// The position under the cursor in EPSG:4490, longitude first, to six digits (about a decimetre). Where there is no
// cursor, as on a phone, it is the centre of the map.

import type { LngLat, Map as MapLibre } from "maplibre-gl";
import { element } from "./dom";
import { inEveryLanguage, say } from "./language";

/** Builds the read-out and keeps it true. */
export function coordinates(map: MapLibre): HTMLElement {
  const value = element("output", { class: "position" });
  const readout = element("div", { class: "coordinates" }, value, element("span", { class: "crs" }, "CGCS2000 / EPSG:4490"));
  const show = (position: LngLat) => {
    const { lng, lat } = position.wrap();
    value.textContent = `${lng.toFixed(6)}, ${lat.toFixed(6)}`;
  };
  const hasCursor = window.matchMedia("(hover: hover)");
  map.on("mousemove", (event) => show(event.lngLat));
  map.on("move", () => {
    if (!hasCursor.matches || document.activeElement === map.getCanvas()) show(map.getCenter());
  });
  show(map.getCenter());
  inEveryLanguage(() => readout.setAttribute("title", say("coordinates")));
  return readout;
}

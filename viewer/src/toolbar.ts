// The buttons of the map: closer, farther, all of the data, the other language.

import type { Map as MapLibre } from "maplibre-gl";
import { button, element, icon } from "./dom";
import { inEveryLanguage, language, say, toggleLanguage, type Word } from "./language";

const PLUS = "M10 4 V16 M4 10 H16";
const MINUS = "M4 10 H16";
const CORNERS = "M3 7 V3 H7 M13 3 H17 V7 M17 13 V17 H13 M7 17 H3 V13 M7.5 10 H12.5 M10 7.5 V12.5";

/** Builds the buttons; `showAll` moves the view to the whole of the data. */
export function toolbar(map: MapLibre, showAll: () => void): HTMLElement {
  const iconButton = (path: string, word: Word, onClick: () => void) => {
    const made = button({ attributes: { "data-action": word }, onClick }, icon(path));
    inEveryLanguage(() => {
      made.title = say(word);
      made.setAttribute("aria-label", say(word));
    });
    return made;
  };
  const zoom = element(
    "div",
    { class: "panel buttons", attributes: { role: "group" } },
    iconButton(PLUS, "zoomIn", () => map.zoomIn()),
    iconButton(MINUS, "zoomOut", () => map.zoomOut()),
    iconButton(CORNERS, "wholeMap", showAll),
  );
  return element("div", { class: "toolbar" }, languageButton(), zoom);
}

/** The button that changes the language, itself named in the other one. */
function languageButton(): HTMLElement {
  const other = button({ attributes: { "data-action": "language" }, onClick: toggleLanguage });
  inEveryLanguage(() => {
    other.textContent = say("otherLanguage");
    other.title = say("inOtherLanguage");
    other.setAttribute("aria-label", say("inOtherLanguage"));
    other.lang = language() === "zh" ? "en" : "zh-CN";
  });
  return element("div", { class: "panel buttons" }, other);
}

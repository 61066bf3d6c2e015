// Shows a feature's attributes: at once what its tile knows, then the full feature from the server, under the titles
// of the collection's schema. Several features in one place make a list to choose from.

import type { Change } from "./changes";
import { button, element, icon } from "./dom";
import { inEveryLanguage, say } from "./language";
import { titleOf } from "./layers";
import type { Picked } from "./picking";
import { type Feature, fetchFeature, fetchFields, type Field, ServerError } from "./server";
import { labelOf, sayTitle, sayValue } from "./values";

const CROSS = "M5 5 L15 15 M15 5 L5 15";

/** What the panel shows of the chosen feature. */
interface Shown {
  picked: Picked;
  fields: Field[];
  /** Null until the server has answered. */
  feature: Feature | null;
  state: "loading" | "whole" | "updated" | "partial" | "gone";
}

export interface FeaturePanel {
  element: HTMLElement;
  /** Shows these features, the first of them chosen; none closes the panel. */
  show(picked: Picked[]): void;
  /** Shows the chosen feature as it is now, where one of these changes is of it. */
  changed(changes: Change[]): void;
  /** Shows the chosen feature as it is now. */
  changedAll(): void;
}

/** Makes the panel, closed. `mark` is given the geometry to mark on the map; `closed` runs after closing. */
export function featurePanel(mark: (geometry: GeoJSON.Geometry | null) => void, closed: () => void): FeaturePanel {
  const heading = element("h2");
  const close = button({ class: "close", onClick: () => dismiss() }, icon(CROSS));
  const choices = element("ul", { class: "choices" });
  const body = element("div", { class: "attributes", attributes: { "aria-live": "polite" } });
  const panel = element("aside", { class: "panel feature-panel", attributes: { tabindex: "-1" } }, element("header", {}, heading, close), choices, body);
  panel.hidden = true;

  let picked: Picked[] = [];
  let shown: Shown | null = null;

  const dismiss = () => {
    panel.hidden = true;
    shown = null;
    mark(null);
    closed();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) dismiss();
  });

  const draw = () => {
    panel.setAttribute("aria-label", say("feature"));
    close.setAttribute("aria-label", say("close"));
    if (shown === null) return;
    heading.textContent = titleOf(shown.picked.layer);
    const chosen = shown.picked;
    choices.hidden = picked.length < 2;
    choices.setAttribute("aria-label", say("several"));
    choices.replaceChildren(...picked.map((each) => element("li", {}, choiceButton(each, each === chosen, () => void choose(each)))));
    body.replaceChildren(...attributesOf(shown));
  };

  let asked = 0;
  /** Asks for the chosen feature again; what is shown stays until there is an answer to the last question. */
  const refresh = async () => {
    const mine = shown;
    if (mine === null) return;
    const question = (asked += 1);
    const isOver = () => shown !== mine || asked !== question;
    const { layer, id } = mine.picked;
    try {
      const [feature, fields] = await Promise.all([fetchFeature(layer.name, id), fetchFields(layer.name)]);
      const isSame = JSON.stringify(feature) === JSON.stringify(mine.feature);
      if (isOver() || (isSame && mine.state !== "gone")) return;
      Object.assign(mine, { feature, fields, state: "updated" });
    } catch (failure) {
      // No answer is no news; that there is no such feature is.
      if (isOver() || !(failure instanceof ServerError) || failure.status !== 404) return;
      mine.state = "gone";
    }
    mark(mine.state === "gone" ? null : (mine.feature?.geometry ?? null));
    draw();
  };

  const choose = async (one: Picked) => {
    const mine: Shown = { picked: one, fields: [], feature: null, state: "loading" };
    shown = mine;
    mark(null);
    draw();
    const [feature, fields] = await Promise.allSettled([fetchFeature(one.layer.name, one.id), fetchFields(one.layer.name)]);
    // Somebody chose another one meanwhile.
    if (shown !== mine) return;
    if (fields.status === "fulfilled") mine.fields = fields.value;
    if (feature.status === "fulfilled") mine.feature = feature.value;
    mine.state = feature.status === "fulfilled" ? "whole" : "partial";
    mark(mine.feature?.geometry ?? null);
    draw();
  };

  inEveryLanguage(draw);
  return {
    element: panel,
    show(features) {
      picked = features;
      const first = features[0];
      if (first === undefined) {
        if (!panel.hidden) dismiss();
        return;
      }
      panel.hidden = false;
      panel.scrollTop = 0;
      void choose(first);
    },
    changed(changes) {
      if (shown === null) return;
      const { layer, id } = shown.picked;
      if (changes.some((change) => change.layer === layer.name && (change.id === id || change.operation === "define"))) void refresh();
    },
    changedAll: () => void refresh(),
  };
}

function choiceButton(each: Picked, isChosen: boolean, choose: () => void): HTMLButtonElement {
  const name = labelOf(each.properties) ?? each.id;
  return button({ attributes: { "aria-pressed": String(isChosen) }, onClick: choose }, element("span", { class: "hint" }, titleOf(each.layer)), ` ${name}`);
}

function attributesOf({ picked, fields, feature, state }: Shown): HTMLElement[] {
  const properties = feature?.properties ?? picked.properties;
  const titles = new Map(fields.map((field) => [field.name, field.title]));
  // In the feature's own order, which is the layer's: a schema's properties have none.
  const rows = Object.entries(properties).map(([name, value]) => {
    const title = element("dt", { attributes: { title: name } }, sayTitle(titles.get(name) ?? name));
    return element("div", { class: "row" }, title, element("dd", { attributes: { "data-field": name } }, sayValue(value)));
  });
  const parts: HTMLElement[] = [element("p", { class: "feature-name" }, labelOf(properties) ?? picked.id)];
  if (state === "loading") parts.push(element("p", { class: "hint" }, say("loading")));
  if (state === "updated") parts.push(element("p", { class: "hint updated" }, say("updated")));
  if (state === "gone") parts.push(element("p", { class: "hint warning" }, say("gone")));
  if (state === "partial") parts.push(element("p", { class: "hint warning" }, say("partial")));
  parts.push(rows.length > 0 ? element("dl", {}, ...rows) : element("p", { class: "hint" }, say("noAttributes")));
  return parts;
}

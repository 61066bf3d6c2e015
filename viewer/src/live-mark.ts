// A small mark that says whether edits show by themselves. Where there is no feed for us it is not there.

import type { LiveState } from "./changes";
import { element } from "./dom";
import { inEveryLanguage, say } from "./language";

export interface LiveMark {
  element: HTMLElement;
  show(state: LiveState): void;
}

/** Makes the mark, not there yet. */
export function liveMark(): LiveMark {
  const text = element("span");
  const mark = element("div", { class: "live", attributes: { role: "status" } }, element("span", { class: "dot", attributes: { "aria-hidden": "true" } }), text);
  let shown: LiveState = "off";
  const draw = () => {
    mark.hidden = shown === "off";
    mark.dataset["state"] = shown;
    text.textContent = say(shown === "live" ? "live" : "reconnecting");
    mark.title = say(shown === "live" ? "liveHint" : "reconnectingHint");
  };
  inEveryLanguage(draw);
  return {
    element: mark,
    show(state) {
      shown = state;
      draw();
    },
  };
}

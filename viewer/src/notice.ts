// One line at the top for what went wrong, with a way to try again; read out by screen readers.

import { button, element } from "./dom";
import { inEveryLanguage, say } from "./language";

export interface Notice {
  element: HTMLElement;
  /** Shows what `text` gives, in whichever language; `retry` hides the notice and runs, where there is one. */
  show(text: () => string, retry?: () => void): void;
  hide(): void;
}

/** Makes the notice, hidden. */
export function makeNotice(): Notice {
  const line = element("span");
  let text = () => "";
  let again: (() => void) | undefined;
  const retry = button({
    onClick: () => {
      notice.hide();
      again?.();
    },
  });
  const box = element("div", { class: "notice", attributes: { role: "alert" } }, line, retry);
  box.hidden = true;
  inEveryLanguage(() => {
    line.textContent = text();
    retry.textContent = say("retry");
  });
  const notice: Notice = {
    element: box,
    show(newText, retryAction) {
      text = newText;
      again = retryAction;
      line.textContent = text();
      retry.hidden = again === undefined;
      box.hidden = false;
    },
    hide() {
      box.hidden = true;
    },
  };
  return notice;
}

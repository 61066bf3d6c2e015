// Builds page elements. Text goes in as text nodes only: nothing in the viewer parses a string as HTML.

type Child = Node | string | null;

interface Properties {
  class?: string;
  /** Attributes such as role and aria-label. */
  attributes?: Record<string, string>;
  onClick?: (event: MouseEvent) => void;
}

/** Makes an element with its attributes and children; null children are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (properties.class) made.className = properties.class;
  for (const [name, value] of Object.entries(properties.attributes ?? {})) made.setAttribute(name, value);
  if (properties.onClick) made.addEventListener("click", properties.onClick as EventListener);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A button that does not submit anything. */
export function button(properties: Properties, ...children: Child[]): HTMLButtonElement {
  return element("button", { ...properties, attributes: { type: "button", ...properties.attributes } }, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** A 20 × 20 line drawing from one path, in the colour of the text around it; not read out. */
export function icon(path: string): SVGSVGElement {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

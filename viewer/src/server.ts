// What the viewer asks the server for: the style, the collections, their schemas, single features. Answers are checked
// just enough that nothing further on meets a missing part; failures become a ServerError that people can read.

import type { StyleSpecification } from "maplibre-gl";
import { say } from "./language";

/** The server's root: the viewer lives one folder below it. */
const ROOT = new URL("..", document.baseURI);
const TIMEOUT_MS = 30_000;

/** [west, south, east, north] in degrees. */
export type Box = [number, number, number, number];

export interface Collection {
  id: string;
  title: string;
  extent: Box | null;
}

export interface Field {
  name: string;
  title: string;
}

export interface Feature {
  geometry: GeoJSON.Geometry | null;
  properties: Record<string, unknown>;
}

/** Why the server gave no useful answer, in words for people. */
export class ServerError extends Error {
  /** The HTTP status; 0 where there was no answer, or none that makes sense. */
  readonly status: number;

  constructor(message: string, status = 0) {
    super(message);
    this.status = status;
  }
}

export async function fetchStyle(): Promise<StyleSpecification> {
  const style = await fetchJson("styles/basemap");
  if (!isObject(style) || !Array.isArray(style["layers"]) || !isObject(style["sources"])) throw unreadable();
  return style as unknown as StyleSpecification;
}

export async function fetchCollections(): Promise<Collection[]> {
  const answer = await fetchJson("collections");
  const list = isObject(answer) ? answer["collections"] : undefined;
  if (!Array.isArray(list)) throw unreadable();
  return list.filter(isObject).map((item) => {
    const id = String(item["id"]);
    return { id, title: typeof item["title"] === "string" ? item["title"] : id, extent: boxOf(item["extent"]) };
  });
}

/** The fields of a collection with their titles, in no order. */
export async function fetchFields(collection: string): Promise<Field[]> {
  const schema = await fetchJson(`collections/${encodeURIComponent(collection)}/schema`);
  const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {};
  return Object.entries(properties).map(([name, property]) => {
    const title = isObject(property) ? property["title"] : undefined;
    return { name, title: typeof title === "string" && title !== "" ? title : name };
  });
}

export async function fetchFeature(collection: string, id: string): Promise<Feature> {
  const answer = await fetchJson(`collections/${encodeURIComponent(collection)}/items/${encodeURIComponent(id)}`);
  if (!isObject(answer) || !isObject(answer["properties"])) throw unreadable();
  const geometry = isObject(answer["geometry"]) ? (answer["geometry"] as unknown as GeoJSON.Geometry) : null;
  return { geometry, properties: answer["properties"] };
}

/** The place in the feed of changes after `since` and the first entry that follows; `now` is its end. */
export async function fetchCursor(since: string): Promise<string> {
  const page = await fetchJson(`changes?since=${encodeURIComponent(since)}&limit=1&state=none&tms=WebMercatorQuad`);
  if (!isObject(page) || typeof page["next"] !== "string") throw unreadable();
  return page["next"];
}

/** Where the stream of changes after a cursor is. */
export function changesUrl(cursor: string): URL {
  return new URL(`changes?since=${encodeURIComponent(cursor)}&state=none&tms=WebMercatorQuad`, ROOT);
}

async function fetchJson(path: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, ROOT), {
      headers: { accept: "application/geo+json, application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ServerError(say("noAnswer"));
  }
  if (!response.ok) throw new ServerError(`${say("refused")} ${response.status} ${await problemOf(response)}`.trim(), response.status);
  try {
    return await response.json();
  } catch {
    throw unreadable();
  }
}

/** The sentence of an RFC 9457 problem document, empty where there is none. */
async function problemOf(response: Response): Promise<string> {
  try {
    const problem: unknown = await response.json();
    const text = isObject(problem) ? (problem["detail"] ?? problem["title"]) : undefined;
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}

/** The first box of an OGC extent, which has four numbers or, with heights, six. */
function boxOf(extent: unknown): Box | null {
  const spatial = isObject(extent) ? extent["spatial"] : undefined;
  const boxes = isObject(spatial) ? spatial["bbox"] : undefined;
  const first: unknown = Array.isArray(boxes) ? boxes[0] : undefined;
  if (!Array.isArray(first) || !first.every((number) => Number.isFinite(number))) return null;
  const numbers = first as number[];
  const flat = numbers.length === 6 ? numbers.filter((_, place) => place % 3 !== 2) : numbers;
  return flat.length === 4 ? (flat as Box) : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(): ServerError {
  return new ServerError(say("unreadable"));
}

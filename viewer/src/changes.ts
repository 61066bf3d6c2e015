// Follows the server's feed of changes: a stream of events that goes on where it was, whatever happens to the
// connection. Where there is no feed for us, the map is as it was when it was loaded, and nothing else is amiss.

import { changesUrl, fetchCursor, ServerError } from "./server";

/** [zoom, first column, first row, last column, last row] */
export type TileRange = [number, number, number, number, number];

/** One entry of the feed, as far as the viewer wants it. */
export interface Change {
  layer: string;
  /** What became of a feature; `define` where the layer itself was made, changed or removed. */
  operation: "insert" | "update" | "delete" | "define";
  /** The feature's public id; none with `define`. */
  id: string | null;
  /** The box of the feature's new state, west, south, east, north; null where it has none. */
  box: [number, number, number, number] | null;
  tiles: TileRange[];
}

/** `off`: there is no feed for us; `lost`: there will be one again. */
export type LiveState = "live" | "lost" | "off";

export interface Listener {
  /** Entries in the order of the feed. */
  changed(changes: Change[]): void;
  /** What happened cannot be told entry by entry: anything may be different. */
  changedAll(): void;
  state(state: LiveState): void;
}

/** Entries are gathered for so long before they are told: edits come in handfuls. */
const GATHER_MS = 60;
/** More entries than this within the window are not told one by one: that would be more work than asking for everything. */
const MANY = 2000;
const WINDOW_MS = 3000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A stream that has been silent for so long is checked: some networks lose connections without a word. */
const SILENCE_MS = 90_000;
/** Answers that do not change by asking again: refused, not there, not known. */
const REFUSALS = [401, 403, 404, 405, 406, 501];
/** The cursor itself is of no use any more: history was pruned, or the store is another one. */
const VOID_CURSOR = [400, 410];

/** Follows the feed after `cursor`, or, where there is none yet, as soon as the server gives one. */
export function followChanges(cursor: string | null, listener: Listener): void {
  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let gathered: Change[] = [];
  let burst = { begun: 0, count: 0 };
  let heard = Date.now();

  const tell = () => {
    const changes = gathered;
    gathered = [];
    if (changes.length > 0) listener.changed(changes);
  };

  const close = () => {
    stream?.close();
    stream = null;
    clearTimeout(timer);
    timer = undefined;
  };

  const open = () => {
    close();
    if (document.hidden || cursor === null) return;
    const mine = new EventSource(changesUrl(cursor));
    stream = mine;
    heard = Date.now();
    mine.addEventListener("open", () => {
      failures = 0;
      heard = Date.now();
      listener.state("live");
    });
    mine.addEventListener("version", (event) => {
      cursor = event.lastEventId;
      heard = Date.now();
    });
    mine.addEventListener("message", (event) => {
      cursor = event.lastEventId;
      heard = Date.now();
      const change = changeOf(event.data);
      if (change === null) return;
      if (gathered.length === 0) setTimeout(tell, GATHER_MS);
      gathered.push(change);
      if (heard - burst.begun > WINDOW_MS) burst = { begun: heard, count: 0 };
      burst.count += 1;
      if (burst.count > MANY) {
        gathered = [];
        burst = { begun: 0, count: 0 };
        void beginAnew();
      }
    });
    mine.addEventListener("error", () => {
      if (stream !== mine) return;
      listener.state("lost");
      // Else the browser tries again by itself.
      if (mine.readyState === EventSource.CLOSED) recover();
    });
  };

  /** Finds out what became of the feed, a little later each time. */
  const recover = () => {
    close();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(() => void probe(), pause);
  };

  const probe = async () => {
    if (cursor === null) return beginAnew();
    try {
      await fetchCursor(cursor);
      open();
    } catch (failure) {
      if (failure instanceof ServerError && VOID_CURSOR.includes(failure.status)) return beginAnew();
      failed(failure);
    }
  };

  /** Skips what happened meanwhile: the place is noted first, then everything is asked for. */
  const beginAnew = async () => {
    close();
    try {
      cursor = await fetchCursor("now");
      listener.changedAll();
      open();
    } catch (failure) {
      failed(failure);
    }
  };

  const failed = (failure: unknown) => {
    if (failure instanceof ServerError && REFUSALS.includes(failure.status)) {
      close();
      cursor = null;
      listener.state("off");
      return;
    }
    listener.state("lost");
    recover();
  };

  const checkSilence = async () => {
    if (stream?.readyState !== EventSource.OPEN || Date.now() - heard < SILENCE_MS) return;
    heard = Date.now();
    const [before, mine] = [cursor, stream];
    const after = await fetchCursor(before ?? "now").catch(() => null);
    // The server is further than the stream has told, or cannot be reached: the stream is dead.
    if (stream === mine && cursor === before && after !== before) recover();
  };

  // A hidden page shows nothing and holds no connection: browsers have six to a server, for all their pages.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (stream === null) void probe();
  });
  setInterval(() => void checkSilence(), SILENCE_MS / 3);
  if (cursor === null) void probe();
  else open();
}

function changeOf(data: string): Change | null {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { layer, operation, id } = entry;
  if (typeof layer !== "string" || typeof operation !== "string") return null;
  const tiles = (entry["tiles"] as Record<string, TileRange[]> | undefined)?.["WebMercatorQuad"] ?? [];
  const box = (entry["box"] as Record<string, Change["box"]> | undefined)?.["new"] ?? null;
  return { layer, operation: operation as Change["operation"], id: typeof id === "string" ? id : null, box, tiles };
}

// The viewer's words in Chinese and English, which of the two is shown, and who must be told when that changes.

export type Language = "zh" | "en";

const words = {
  title: { zh: "一张图", en: "One map" },
  layers: { zh: "图层", en: "Layers" },
  noLayers: { zh: "库中还没有图层", en: "The store has no layers yet" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },
  wholeMap: { zh: "显示全部数据", en: "Show all data" },
  showsCloser: { zh: "放大后可见", en: "zoom in to see" },
  otherLanguage: { zh: "EN", en: "中" },
  inOtherLanguage: { zh: "English", en: "中文" },
  map: { zh: "地图。方向键移动，加减键缩放，回车键查看中心处的要素。", en: "Map. Arrows move, plus and minus zoom, Enter shows what is at the centre." },
  close: { zh: "关闭", en: "Close" },
  feature: { zh: "要素属性", en: "Feature" },
  several: { zh: "此处的要素", en: "Features here" },
  loading: { zh: "正在读取…", en: "Loading…" },
  partial: { zh: "完整属性读取失败，以下为瓦片中的属性。", en: "The full feature could not be read; these are the tile's attributes." },
  gone: { zh: "该要素已被删除，以下为删除前的属性。", en: "This feature was deleted; these were its attributes." },
  updated: { zh: "刚刚更新", en: "Just updated" },
  live: { zh: "实时", en: "Live" },
  liveHint: { zh: "数据变更会自动显示在地图上", en: "Changes to the data show on the map by themselves" },
  reconnecting: { zh: "正在重新连接…", en: "Reconnecting…" },
  reconnectingHint: { zh: "与服务器的连接已中断，恢复后将补上期间的变更", en: "The connection to the server is lost; what changes meanwhile will be caught up" },
  noAttributes: { zh: "没有属性", en: "No attributes" },
  yes: { zh: "是", en: "Yes" },
  no: { zh: "否", en: "No" },
  coordinates: { zh: "经度，纬度（CGCS2000）", en: "Longitude, latitude (CGCS2000)" },
  retry: { zh: "重试", en: "Retry" },
  serverGone: { zh: "服务器没有应答，地图可能不完整。", en: "The server does not answer; the map may be incomplete." },
  startFailed: { zh: "地图无法载入：", en: "The map cannot be loaded: " },
  noAnswer: { zh: "服务器没有应答", en: "the server does not answer" },
  refused: { zh: "服务器答复", en: "the server answered" },
  unreadable: { zh: "服务器的答复无法解读", en: "the server's answer makes no sense" },
  noWebGl: { zh: "浏览器不支持 WebGL，无法绘制地图。", en: "This browser has no WebGL, so the map cannot be drawn." },
} as const;

export type Word = keyof typeof words;

const STORAGE_KEY = "onemap.language";
const listeners = new Set<() => void>();
let current: Language = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** The language that is shown. */
export function language(): Language {
  return current;
}

/** A word in the language that is shown. */
export function say(word: Word): string {
  return words[word][current];
}

/** Runs `show` now and again whenever the language changes. */
export function inEveryLanguage(show: () => void): void {
  listeners.add(show);
  show();
}

/** Changes to the other language and remembers it where the browser lets us. */
export function toggleLanguage(): void {
  current = current === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(STORAGE_KEY, current);
  } catch {
    // Storage is off: the choice holds until the page is closed.
  }
  for (const show of listeners) show();
}

function remembered(): Language | null {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return stored === "zh" || stored === "en" ? stored : null;
  } catch {
    return null;
  }
}

// How attribute values read, in the language that is shown.

import { language, say } from "./language";

/** Fields that name a feature, the best first. */
const NAMING_FIELDS = ["name", "名称", "NAME", "name_en", "full_address", "zl", "zddm"];

/** A value as text; a dash where there is none. */
export function sayValue(value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** What a feature is called; null where no field says. */
export function labelOf(properties: Record<string, unknown>): string | null {
  for (const field of NAMING_FIELDS) {
    const value = properties[field];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return null;
}

/** A title in the language that is shown: layer definitions write both, Chinese first ("宗地代码 Parcel code"). */
export function sayTitle(title: string): string {
  const [, chinese, english] = /^(.*\p{Script=Han}\S*) ([A-Z][a-z]\P{Script=Han}*)$/u.exec(title) ?? [];
  return (language() === "zh" ? chinese : english) ?? title;
}

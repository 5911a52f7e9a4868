import { createHash } from "node:crypto";

const names = new Map<string, string>();
/** Texts are few: those of our source, and of lists one for each set of filters. The limit is for a bug. */
const MAX_NAMES = 5000;

/**
 * Name under which a connection keeps a statement prepared: the same text has the same name.
 *
 * A name longer than 63 characters would be cut by the server, and two that are cut alike would run each other's statement.
 */
export function preparedName(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= MAX_NAMES) names.clear();
    name = `berth_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    names.set(text, name);
  }
  return name;
}

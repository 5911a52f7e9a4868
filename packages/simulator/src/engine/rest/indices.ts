import { matchesWildcard } from "../allocation/deciders.ts";
import type { ClusterState, IndexMetadata } from "../model/state.ts";
import { indexNotFound } from "./http.ts";

const isHidden = (index: IndexMetadata): boolean =>
  index.name.startsWith(".") || String(index.settings["index.hidden"]) === "true";

/** Whether an expression names indices by a pattern, which may match nothing. */
const isPattern = (expression: string): boolean => expression.includes("*") || expression === "_all";

/**
 * The indices that an expression means: names, aliases, `*` patterns, `_all`, with commas; `-name` takes away.
 *
 * Hidden ones are matched by name and by patterns with a leading dot alone. A plain name that is missing is refused.
 */
export function resolveIndices(
  cluster: ClusterState,
  expression: string | undefined,
  query: Readonly<Record<string, string>> = {},
): IndexMetadata[] {
  const all = Object.values(cluster.indices).sort((a, b) => (a.name < b.name ? -1 : 1));
  const showHidden = /all|hidden/.test(query.expand_wildcards ?? "");
  const chosen = new Set<IndexMetadata>();
  for (const part of (expression ?? "_all").split(",")) {
    const exclude = part.startsWith("-");
    const name = exclude ? part.slice(1) : part;
    const hits = isPattern(name)
      ? all.filter((index) => matchesPattern(index, name) && (showHidden || name.startsWith(".") || !isHidden(index)))
      : all.filter((index) => index.name === name || name in index.aliases);
    if (hits.length === 0 && !isPattern(name) && query.ignore_unavailable !== "true") throw indexNotFound(name);
    for (const index of hits) {
      if (exclude) chosen.delete(index);
      else chosen.add(index);
    }
  }
  return [...chosen];
}

function matchesPattern(index: IndexMetadata, pattern: string): boolean {
  const names = [index.name, ...Object.keys(index.aliases)];
  return pattern === "_all" || names.some((name) => matchesWildcard(name, pattern));
}

/** The one index that a name or an alias means. */
export function findIndex(cluster: ClusterState, name: string): IndexMetadata | undefined {
  return cluster.indices[name] ?? Object.values(cluster.indices).find((index) => name in index.aliases);
}

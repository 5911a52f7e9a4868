import type { EngineKind } from "../model/node-config.ts";
import type { Outcome, RestContext } from "./http.ts";

/**
 * One endpoint. `{name}` in the path stands for one part; the action is what roles are checked for, on the indices that
 * the part `{index}` names when `perIndex` is set. `master` says that the answer comes from, or needs, a live master.
 */
export interface Route {
  readonly methods: readonly string[];
  readonly path: string;
  readonly action: string;
  readonly perIndex?: boolean;
  readonly master?: "read" | "write";
  readonly engine?: EngineKind;
  /** Query parameters that it knows besides those that all know; left out, any is taken. */
  readonly parameters?: readonly string[];
  /** Anyone who is logged in may. */
  readonly open?: boolean;
  readonly handle: (context: RestContext) => Outcome;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly parts: readonly string[];
}

/** Matches literal parts before placeholders, as both engines' path trie does. */
export function createRouter(routes: readonly Route[]) {
  const compiled: readonly Compiled[] = routes
    .map((route) => ({ route, parts: route.path.split("/").filter((part) => part !== "") }))
    .sort((a, b) => placeholders(a.parts) - placeholders(b.parts));

  const matching = (engine: EngineKind, path: string): RouteMatch[] => {
    const parts = path.split("/").filter((part) => part !== "");
    return compiled.flatMap(({ route, parts: pattern }) => {
      if (pattern.length !== parts.length || (route.engine !== undefined && route.engine !== engine)) return [];
      const params: Record<string, string> = {};
      const fits = pattern.every((expected, position) => {
        const actual = parts[position] ?? "";
        if (!expected.startsWith("{")) return expected === actual;
        const name = expected.slice(1, -1);
        // An index never begins with an underscore, but for _all.
        if (name === "index" && actual.startsWith("_") && actual !== "_all") return false;
        params[name] = decodeURIComponent(actual);
        return true;
      });
      return fits ? [{ route, params }] : [];
    });
  };

  return {
    find: (engine: EngineKind, method: string, path: string): RouteMatch | undefined =>
      matching(engine, path).find(({ route }) => route.methods.includes(method)),
    methodsOf: (engine: EngineKind, path: string): readonly string[] => [
      ...new Set(matching(engine, path).flatMap(({ route }) => route.methods)),
    ],
  };
}

function placeholders(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith("{")).length;
}

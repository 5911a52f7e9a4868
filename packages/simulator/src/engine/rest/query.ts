import { illegalArgument, RestError } from "./http.ts";

type Source = Readonly<Record<string, unknown>>;

/** Whether a document matches, and how well (any number above 0). */
export type Matcher = (source: Source, id: string) => number;

/** The queries that the model understands; any other is refused as the engines refuse an unknown one. */
export function compileQuery(query: unknown): Matcher {
  if (query === undefined) return () => 1;
  const [kind, ...more] = Object.keys((query ?? {}) as object);
  if (kind === undefined || more.length > 0)
    throw new RestError(400, "parsing_exception", "query malformed, expected one query");
  const body = (query as Record<string, unknown>)[kind] as Record<string, unknown>;
  const compile = QUERIES[kind];
  if (compile === undefined) throw new RestError(400, "parsing_exception", `unknown query [${kind}]`);
  return compile(body);
}

const QUERIES: Readonly<Record<string, (body: Record<string, unknown>) => Matcher>> = {
  match_all: () => () => 1,
  match_none: () => () => 0,
  match: (body) => fieldQuery(body, "query", (value, wanted) => overlap(terms(value), terms(wanted))),
  match_phrase: (body) =>
    fieldQuery(body, "query", (value, wanted) => (terms(value).join(" ").includes(terms(wanted).join(" ")) ? 1 : 0)),
  term: (body) => fieldQuery(body, "value", (value, wanted) => (holdsExactly(value, wanted) ? 1 : 0)),
  terms: (body) =>
    fieldQuery(body, "", (value, wanted) => ((wanted as unknown[]).some((one) => holdsExactly(value, one)) ? 1 : 0)),
  prefix: (body) => fieldQuery(body, "value", (value, wanted) => (String(value).startsWith(String(wanted)) ? 1 : 0)),
  range: (body) => fieldQuery(body, "", (value, bounds) => (inRange(value, bounds as Record<string, unknown>) ? 1 : 0)),
  exists: (body) => (source) => (valueAt(source, String(body.field)) === undefined ? 0 : 1),
  ids: (body) => (_source, id) => ((body.values as unknown[]).includes(id) ? 1 : 0),
  query_string: (body) => queryString(String(body.query)),
  simple_query_string: (body) => queryString(String(body.query)),
  bool: (body) => boolQuery(body),
};

function fieldQuery(
  body: Record<string, unknown>,
  inner: string,
  score: (value: unknown, wanted: unknown) => number,
): Matcher {
  const [field] = Object.keys(body);
  if (field === undefined) throw illegalArgument("query malformed, no field");
  const given = body[field];
  const isWrapped = typeof given === "object" && given !== null && inner !== "" && inner in given;
  const wanted = isWrapped ? (given as Record<string, unknown>)[inner] : given;
  return (source) => {
    const value = valueAt(source, field.replace(/\.keyword$/, ""));
    return value === undefined ? 0 : score(value, wanted);
  };
}

function boolQuery(body: Record<string, unknown>): Matcher {
  const clauses = (name: string): Matcher[] => {
    const given = body[name] ?? [];
    return (Array.isArray(given) ? given : [given]).map(compileQuery);
  };
  const must = clauses("must");
  const filter = clauses("filter");
  const not = clauses("must_not");
  const should = clauses("should");
  const wantedShould = Number(
    body.minimum_should_match ?? (must.length + filter.length === 0 && should.length > 0 ? 1 : 0),
  );
  return (source, id) => {
    const scores = must.map((matcher) => matcher(source, id));
    const fits =
      scores.every((score) => score > 0) &&
      filter.every((matcher) => matcher(source, id) > 0) &&
      not.every((matcher) => matcher(source, id) === 0);
    const optional = should.map((matcher) => matcher(source, id)).filter((score) => score > 0);
    if (!fits || optional.length < wantedShould) return 0;
    return [...scores, ...optional].reduce((sum, score) => sum + score, 0) || 1;
  };
}

/** `*`, `word word` (any), `field:word`, joined by AND when it says so. */
function queryString(text: string): Matcher {
  if (text === "*" || text === "*:*") return () => 1;
  const every = / AND /.test(text);
  const parts = text.split(/ AND | OR |\s+/).filter((part) => part !== "");
  const matchers = parts.map((part): Matcher => {
    const colon = part.indexOf(":");
    const wanted = terms(part.slice(colon + 1));
    if (colon > 0) return (source) => overlap(terms(valueAt(source, part.slice(0, colon)) ?? ""), wanted);
    return (source) => overlap(terms(JSON.stringify(Object.values(source))), wanted);
  });
  return (source, id) => {
    const scores = matchers.map((matcher) => matcher(source, id));
    if (every && scores.some((score) => score === 0)) return 0;
    return scores.reduce((sum, score) => sum + score, 0);
  };
}

export function valueAt(source: Source, path: string): unknown {
  if (path in source) return source[path];
  return path.split(".").reduce<unknown>((value, part) => (value as Source | undefined)?.[part], source);
}

const terms = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value.join(" ") : String(value)).toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function overlap(values: readonly string[], wanted: readonly string[]): number {
  const known = new Set(values);
  return wanted.filter((term) => known.has(term)).length;
}

function holdsExactly(value: unknown, wanted: unknown): boolean {
  return Array.isArray(value) ? value.some((one) => holdsExactly(one, wanted)) : String(value) === String(wanted);
}

function inRange(value: unknown, bounds: Readonly<Record<string, unknown>>): boolean {
  const compare = (bound: unknown): number => {
    if (typeof value === "number" && !Number.isNaN(Number(bound))) return value - Number(bound);
    return String(value) < String(bound) ? -1 : String(value) > String(bound) ? 1 : 0;
  };
  return Object.entries(bounds).every(([name, bound]) => {
    const difference = compare(bound);
    if (name === "gte") return difference >= 0;
    if (name === "gt") return difference > 0;
    if (name === "lte") return difference <= 0;
    return name === "lt" ? difference < 0 : true;
  });
}

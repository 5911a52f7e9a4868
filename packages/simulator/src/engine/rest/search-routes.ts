import type { IndexMetadata, StoredDocument } from "../model/state.ts";
import { bodyObject, json, type Outcome, type RestContext, RestError } from "./http.ts";
import { resolveIndices } from "./indices.ts";
import { compileQuery, type Matcher, valueAt } from "./query.ts";
import type { Route } from "./router.ts";
import { activeStoredCopies } from "./store.ts";

const route = (path: string, action: string, handle: Route["handle"]): Route => ({
  methods: ["GET", "POST"],
  path,
  action,
  perIndex: true,
  handle,
});

export const SEARCH_ROUTES: readonly Route[] = [
  ...["/_search", "/{index}/_search"].map((path) => route(path, "indices:data/read/search", search)),
  // Counting is a search inside, and roles see it as one.
  ...["/_count", "/{index}/_count"].map((path) => route(path, "indices:data/read/search", count)),
];

interface Hit {
  readonly index: IndexMetadata;
  readonly id: string;
  readonly score: number;
  readonly document: StoredDocument;
}

/** Looks through every active shard; shards without one are counted as failed, and all of them failing is a 503. */
function gather(context: RestContext, matcher: Matcher) {
  const { world, cluster, params, query } = context;
  const indices = cluster === undefined ? [] : resolveIndices(cluster, params.index, query);
  const hits: Hit[] = [];
  let total = 0;
  let failed = 0;
  for (const index of indices) {
    for (const group of index.shards) {
      total++;
      const [copy] = cluster === undefined ? [] : activeStoredCopies(world, cluster, index, group);
      if (copy === undefined) {
        failed++;
        continue;
      }
      for (const [id, document] of Object.entries(copy.docs)) {
        const score = matcher(document.source, id);
        if (score > 0) hits.push({ index, id, score, document });
      }
    }
  }
  if (total > 0 && failed === total) {
    throw new RestError(503, "search_phase_execution_exception", "all shards failed", {
      phase: "query",
      grouped: true,
    });
  }
  return { hits, shards: { total, successful: total - failed, skipped: 0, failed } };
}

function matcherOf(context: RestContext, body: Readonly<Record<string, unknown>>): Matcher {
  const text = context.query.q;
  return compileQuery(text === undefined ? body.query : { query_string: { query: text } });
}

function count(context: RestContext): Outcome {
  const { hits, shards } = gather(context, matcherOf(context, bodyObject(context.request)));
  return json({ count: hits.length, _shards: shards });
}

function search(context: RestContext): Outcome {
  const body = bodyObject(context.request);
  const { hits, shards } = gather(context, matcherOf(context, body));
  const from = Number(context.query.from ?? body.from ?? 0);
  const size = Number(context.query.size ?? body.size ?? 10);
  const sort = sortKeys(context, body);
  const ordered = [...hits].sort((a, b) => compare(a, b, sort));
  return json({
    took: 1,
    timed_out: false,
    _shards: shards,
    hits: {
      total: { value: hits.length, relation: "eq" },
      max_score: sort.length > 0 || hits.length === 0 ? null : Math.max(...hits.map(({ score }) => score)),
      hits: ordered.slice(from, from + size).map(({ index, id, score, document }) => ({
        _index: index.name,
        _id: id,
        _score: sort.length > 0 ? null : score,
        ...(body._source === false ? {} : { _source: document.source }),
        ...(sort.length > 0 ? { sort: sort.map(({ field }) => valueAt(document.source, field) ?? null) } : {}),
      })),
    },
  });
}

interface SortKey {
  readonly field: string;
  readonly descending: boolean;
}

/** `sort=field:desc` in the query, or the body's list of names and `{field: {order}}`. */
function sortKeys({ query }: RestContext, body: Readonly<Record<string, unknown>>): readonly SortKey[] {
  const given = query.sort === undefined ? (body.sort ?? []) : query.sort.split(",");
  return (Array.isArray(given) ? given : [given]).map((key: unknown) => {
    if (typeof key === "string") {
      const [field = "", order] = key.split(":");
      return { field: field.replace(/\.keyword$/, ""), descending: order === "desc" };
    }
    const [[field, options] = ["", {}]] = Object.entries(key as Record<string, unknown>);
    const order = typeof options === "string" ? options : (options as { order?: string }).order;
    return { field: field.replace(/\.keyword$/, ""), descending: order === "desc" };
  });
}

/** Equal ones go by id, so that one state always gives one order. */
function compare(a: Hit, b: Hit, sort: readonly SortKey[]): number {
  for (const { field, descending } of sort) {
    const [x, y] = [valueAt(a.document.source, field), valueAt(b.document.source, field)];
    const difference =
      typeof x === "number" && typeof y === "number"
        ? x - y
        : String(x) < String(y)
          ? -1
          : String(x) > String(y)
            ? 1
            : 0;
    if (difference !== 0) return descending ? -difference : difference;
  }
  return (sort.length > 0 ? 0 : b.score - a.score) || (a.id < b.id ? -1 : 1);
}

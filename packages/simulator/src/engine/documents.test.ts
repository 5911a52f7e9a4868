import { describe, expect, test } from "vitest";
import { ADDRESSES, formCluster, testEngine } from "./testing.ts";

const [A] = ADDRESSES;

function library() {
  const engine = testEngine();
  formCluster(engine, 1);
  const call = (method: string, path: string, body?: unknown) => engine.call(A, method, path, body);
  call("PUT", "/books", { settings: { number_of_shards: 2, number_of_replicas: 0 } });
  const titles = ["The Left Hand of Darkness", "The Dispossessed", "Darkness at Noon", "Solaris"];
  for (const [i, title] of titles.entries()) {
    call("PUT", `/books/_doc/${i}`, {
      title,
      year: 1960 + i,
      author: { name: i < 2 ? "Le Guin" : "other" },
      tags: ["a", `t${i}`],
    });
  }
  return call;
}

interface SearchBody {
  readonly hits: { readonly total: { readonly value: number }; readonly hits: readonly { readonly _id: string }[] };
}

describe("documents", () => {
  test("are created, updated, read and deleted, with versions", () => {
    const call = library();
    expect(call("PUT", "/books/_doc/x", { title: "x" })).toMatchObject({
      status: 201,
      body: { result: "created", _version: 1 },
    });
    expect(call("PUT", "/books/_doc/x", { title: "y" })).toMatchObject({
      status: 200,
      body: { result: "updated", _version: 2 },
    });
    expect(call("GET", "/books/_doc/x")).toMatchObject({ status: 200, body: { found: true, _source: { title: "y" } } });
    expect(call("PUT", "/books/_create/x", {})).toMatchObject({
      status: 409,
      body: { error: { type: "version_conflict_engine_exception" } },
    });
    expect(call("DELETE", "/books/_doc/x")).toMatchObject({ status: 200, body: { result: "deleted" } });
    expect(call("GET", "/books/_doc/x")).toMatchObject({ status: 404, body: { found: false } });
    expect(call("GET", "/none/_doc/x")).toMatchObject({
      status: 404,
      body: { error: { type: "index_not_found_exception" } },
    });
  });

  test("make their index on the way when it is missing", () => {
    const call = library();
    expect(call("POST", "/notes/_doc", { text: "hello" }).status).toBe(201);
    expect(call("HEAD", "/notes").status).toBe(200);
    expect(call("GET", "/notes/_count")).toMatchObject({ body: { count: 1 } });
  });

  test("come in bulk, each line for itself", () => {
    const call = library();
    const lines = [
      { index: { _index: "books", _id: "b1" } },
      { title: "bulk" },
      { create: { _index: "books", _id: "0" } },
      { title: "taken" },
      { delete: { _index: "books", _id: "3" } },
      { update: { _index: "books", _id: "1" } },
      { doc: { year: 1974 } },
    ];
    const answer = call("POST", "/_bulk", `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        errors: true,
        items: [
          { index: { status: 201 } },
          { create: { status: 409 } },
          { delete: { status: 200 } },
          { update: { status: 200 } },
        ],
      },
    });
    expect(call("GET", "/books/_doc/1")).toMatchObject({
      body: { _source: { year: 1974, title: "The Dispossessed" } },
    });
    expect(call("POST", "/_bulk", '{"index":{"_index":"books"}}\nnot json\n').status).toBe(400);
  });
});

describe("search", () => {
  test.each([
    ["all", { match_all: {} }, ["0", "1", "2", "3"]],
    ["words in any order, the better match first", { match: { title: "darkness hand" } }, ["0", "2"]],
    ["an exact value", { term: { year: 1963 } }, ["3"]],
    ["an exact value in a list", { term: { tags: "t2" } }, ["2"]],
    ["one of several values", { terms: { year: [1960, 1961] } }, ["0", "1"]],
    ["a nested field", { match: { "author.name": "guin" } }, ["0", "1"]],
    ["a range", { range: { year: { gte: 1961, lt: 1963 } } }, ["1", "2"]],
    ["a query string on all fields", { query_string: { query: "solaris" } }, ["3"]],
    ["a query string on one field, joined by AND", { query_string: { query: "title:darkness AND year:1962" } }, ["2"]],
    ["clauses", { bool: { must: [{ match: { title: "the" } }], must_not: [{ term: { year: 1961 } }] } }, ["0"]],
    ["a field that is there", { exists: { field: "author" } }, ["0", "1", "2", "3"]],
  ])("finds %s", (_name, query, ids) => {
    const found = library()("POST", "/books/_search", { query }).body as SearchBody;
    expect(found.hits.hits.map(({ _id }) => _id)).toEqual(ids);
    expect(found.hits.total.value).toBe(ids.length);
  });

  test("pages and sorts", () => {
    const call = library();
    const found = call("POST", "/books/_search", { size: 2, from: 1, sort: [{ year: "desc" }] }).body as SearchBody;
    expect(found.hits.hits.map(({ _id }) => _id)).toEqual(["2", "1"]);
    expect((call("GET", "/books/_search?q=title:solaris").body as SearchBody).hits.total.value).toBe(1);
    expect(call("GET", "/books/_count?q=year:1960").body).toMatchObject({ count: 1 });
  });

  test("refuses a query that it does not know", () => {
    const answer = library()("POST", "/books/_search", { query: { fuzzy_magic: {} } });
    expect(answer).toMatchObject({ status: 400, body: { error: { type: "parsing_exception" } } });
  });
});

describe("indices", () => {
  test.each(["Upper", "_under", "a b", "a*", "a,b"])("%s is no name for one", (name) => {
    const answer = library()("PUT", `/${encodeURIComponent(name)}`);
    expect(answer.status).toBe(400);
  });

  test("a taken name is refused; deleting needs the whole name and forgets the data", () => {
    const call = library();
    expect(call("PUT", "/books")).toMatchObject({
      status: 400,
      body: { error: { type: "resource_already_exists_exception" } },
    });
    expect(call("DELETE", "/boo*").status).toBe(400);
    expect(call("DELETE", "/books").status).toBe(200);
    expect(call("DELETE", "/books").status).toBe(404);
    call("PUT", "/books");
    expect(call("GET", "/books/_count").body).toMatchObject({ count: 0 });
  });

  test("show settings, mappings and aliases; replicas can be changed, shards not", () => {
    const call = library();
    call("PUT", "/films", { mappings: { properties: { title: { type: "text" } } }, aliases: { movies: {} } });
    expect(call("GET", "/movies").body).toMatchObject({
      films: {
        aliases: { movies: {} },
        mappings: { properties: { title: { type: "text" } } },
        settings: { index: { number_of_shards: "1", number_of_replicas: "1" } },
      },
    });
    expect(call("PUT", "/films/_settings", { number_of_replicas: 0 }).status).toBe(200);
    expect(call("GET", "/_cat/indices/films?format=json").body).toMatchObject([{ health: "green", rep: "0" }]);
    expect(call("PUT", "/films/_settings", { number_of_shards: 3 }).status).toBe(400);
  });
});

test("an index template gives what the request leaves open", () => {
  const call = library();
  const template = {
    index_patterns: ["log-*"],
    template: { settings: { number_of_shards: 2, number_of_replicas: 0 } },
  };
  expect(call("PUT", "/_index_template/logs", template).status).toBe(200);
  call("PUT", "/log-1", { settings: { number_of_shards: 3 } });
  expect(call("GET", "/_cat/indices/log-1?format=json").body).toMatchObject([{ pri: "3", rep: "0" }]);
  expect(call("GET", "/_index_template/logs").body).toMatchObject({ index_templates: [{ name: "logs" }] });
  expect(call("DELETE", "/_index_template/logs").status).toBe(200);
  expect(call("DELETE", "/_index_template/logs").status).toBe(404);
});

describe("settings of the cluster", () => {
  test("persistent and transient, nested or flat, removed by null and by pattern; unknown ones are refused", () => {
    const call = library();
    const put = (body: object) => call("PUT", "/_cluster/settings", body);
    expect(put({ persistent: { cluster: { routing: { allocation: { enable: "primaries" } } } } })).toMatchObject({
      body: { acknowledged: true, persistent: { cluster: { routing: { allocation: { enable: "primaries" } } } } },
    });
    put({ transient: { "cluster.routing.allocation.exclude._name": "n9" } });
    expect(call("GET", "/_cluster/settings?flat_settings=true").body).toEqual({
      persistent: { "cluster.routing.allocation.enable": "primaries" },
      transient: { "cluster.routing.allocation.exclude._name": "n9" },
    });
    put({ transient: { "cluster.routing.*": null }, persistent: { "cluster.routing.allocation.enable": null } });
    expect(call("GET", "/_cluster/settings").body).toEqual({ persistent: {}, transient: {} });
    expect(put({ persistent: { "clutser.routing": "x" } })).toMatchObject({ status: 400 });
    expect(put({ persitent: {} })).toMatchObject({ status: 400 });
  });
});

describe("the shape of answers", () => {
  test("filter_path keeps what is named, through lists and wildcards", () => {
    const call = library();
    expect(call("GET", "/_cluster/health?filter_path=status,number_of_*").body).toEqual({
      status: "green",
      number_of_nodes: 1,
      number_of_data_nodes: 1,
      number_of_pending_tasks: 0,
      number_of_in_flight_fetch: 0,
    });
    expect(call("GET", "/_nodes?filter_path=nodes.*.name").body).toEqual({
      nodes: { [Object.keys((call("GET", "/_nodes").body as { nodes: object }).nodes)[0] ?? ""]: { name: "n1" } },
    });
    expect(call("GET", "/books/_search?filter_path=hits.hits._id&size=1&sort=year").body).toEqual({
      hits: { hits: [{ _id: "0" }] },
    });
    expect(call("GET", "/?filter_path=-version,-tagline").body).toEqual({
      name: "n1",
      cluster_name: "logs",
      cluster_uuid: expect.any(String),
    });
  });

  test("cat answers text, with columns chosen and a header on demand", () => {
    const call = library();
    expect(call("GET", "/_cat/shards/books?h=index,shard,prirep,state,node&v=true&s=shard").body).toBe(
      "index shard prirep state   node\nbooks 0     p      STARTED n1  \nbooks 1     p      STARTED n1  \n",
    );
    expect(call("GET", "/_cat/nodes?format=json").body).toMatchObject([{ name: "n1", master: "*" }]);
  });

  test("an unknown path is 400, a wrong method 405", () => {
    const call = library();
    expect(call("GET", "/_no/such/thing")).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("no handler") },
    });
    expect(call("POST", "/_cluster/health").status).toBe(405);
  });

  test("a parameter that an endpoint does not know is refused", () => {
    const call = library();
    const refused = call("DELETE", "/_cluster/voting_config_exclusions?timeout=2s");
    expect(refused).toMatchObject({
      status: 400,
      body: { error: { reason: expect.stringContaining("unrecognized parameter: [timeout]") } },
    });
    expect(call("GET", "/_cluster/health?wait_for_nods=3").status).toBe(400);
    expect(call("GET", "/_cluster/health?pretty&filter_path=status&wait_for_nodes=1").status).toBe(200);
  });

  test("stats count documents, bytes and the disk", () => {
    const call = library();
    const { nodes } = call("GET", "/_nodes/stats/indices,fs").body as { nodes: Record<string, unknown> };
    expect(Object.values(nodes)).toMatchObject([
      {
        name: "n1",
        indices: { docs: { count: 4 }, shard_stats: { total_count: 2 } },
        fs: { total: { total_in_bytes: 100 * 1024 ** 3 } },
      },
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { virtualClock } from "../clock.ts";
import { ADDRESSES, formCluster, NAMES, testEngine } from "./testing.ts";

const [A, B, C, D] = ADDRESSES;
type TestEngine = ReturnType<typeof testEngine>;

interface ShardRow {
  readonly index: string;
  readonly prirep: "p" | "r";
  readonly state: string;
  readonly node: string | null;
}

const rows = (engine: TestEngine, address: string, index = "books") =>
  engine.get<ShardRow[]>(address, `/_cat/shards/${index}?format=json&h=index,shard,prirep,state,node`);
const nodesWith = (engine: TestEngine, address: string) =>
  [...new Set(rows(engine, address).map(({ node }) => node))].sort();
const health = (engine: TestEngine, address: string) => engine.get(address, "/_cluster/health");
const exclude = (engine: TestEngine, address: string, names: string | null) =>
  engine.call(address, "PUT", "/_cluster/settings", {
    persistent: { "cluster.routing.allocation.exclude._name": names },
  });

/** Three nodes and an index of three shards, green. */
function withIndex(replicas = 1, size = 3): TestEngine {
  const engine = testEngine();
  formCluster(engine, size);
  engine.call(A, "PUT", "/books", { settings: { number_of_shards: 3, number_of_replicas: replicas } });
  for (let i = 0; i < 20; i++) engine.call(A, "PUT", `/books/_doc/${i}`, { title: `book ${i}`, pages: i });
  engine.clock.advance(20_000);
  return engine;
}

describe("a new index", () => {
  test("its primaries start with it, its replicas follow: yellow, then green", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    engine.call(A, "PUT", "/books", { settings: { number_of_shards: 3 } });
    expect(health(engine, A)).toMatchObject({ status: "yellow", active_primary_shards: 3 });
    engine.clock.advance(20_000);
    expect(health(engine, A)).toMatchObject({ status: "green", active_shards: 6, unassigned_shards: 0 });
    expect(nodesWith(engine, A)).toEqual(["n1", "n2", "n3"]);
  });

  test("turns green though time passes while the master works, as on the real clock of a busy machine", () => {
    const statusOf = (seed: number, stepMs: number) => {
      const still = virtualClock();
      let late = 0;
      // Each look at the clock finds it later, so that recoveries come due in the middle of a round.
      const now = () => {
        late += stepMs;
        return still.now() + late;
      };
      const engine = { ...testEngine({ seed, clock: { now, schedule: still.schedule } }), clock: still };
      formCluster(engine, 3);
      engine.call(A, "PUT", "/books", { settings: { number_of_shards: 2, number_of_replicas: 1 } });
      engine.clock.advance(20_000);
      return health(engine, A).status;
    };
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    for (const stepMs of [5, 20, 50]) {
      expect(seeds.filter((seed) => statusOf(seed, stepMs) !== "green")).toEqual([]);
    }
  });

  test("copies of one shard are never on one node, so one node stays yellow", () => {
    const engine = withIndex(1, 1);
    expect(health(engine, A)).toMatchObject({ status: "yellow", unassigned_shards: 3 });
    expect(engine.call(A, "GET", "/_cluster/allocation/explain")).toMatchObject({
      body: {
        current_state: "unassigned",
        primary: false,
        can_allocate: "no",
        node_allocation_decisions: [{ node_name: "n1", deciders: [{ decider: "same_shard" }] }],
      },
    });
  });

  test("Elasticsearch asks for the content tier; a node with data_hot alone holds nothing new", () => {
    const engine = testEngine();
    formCluster(engine, 1, { roles: ["master", "data_hot"] });
    expect(engine.call(A, "PUT", "/books", {})).toMatchObject({ body: { shards_acknowledged: false } });
    expect(health(engine, A)).toMatchObject({ status: "red", unassigned_shards: 2 });
  });

  test("zone awareness keeps the copies in different zones", () => {
    const engine = testEngine();
    for (const i of [0, 1, 2, 3]) {
      const settings = `xpack.security.enabled: false\nnode.attr.zone: ${i < 3 ? "a" : "b"}\ncluster.routing.allocation.awareness.attributes: zone`;
      engine.start({
        name: NAMES[i] ?? "",
        ip: ADDRESSES[i] ?? "",
        seeds: [A, B, C, D],
        initialMasters: ["n1", "n2", "n3", "n4"],
        settings,
      });
    }
    engine.clock.advance(20_000);
    engine.call(A, "PUT", "/books", { settings: { number_of_shards: 2 } });
    engine.clock.advance(20_000);
    expect(health(engine, A)).toMatchObject({ status: "green" });
    expect(rows(engine, A).filter(({ node }) => node === "n4")).toHaveLength(2);
  });
});

describe("drain by exclude._name", () => {
  test("empties the node while health stays green, and names both ends of a move meanwhile", () => {
    const engine = withIndex();
    exclude(engine, A, "n3");
    const moving = rows(engine, A).filter(({ state }) => state === "RELOCATING");
    expect(moving.length).toBeGreaterThan(0);
    for (const { node } of moving) expect(node).toMatch(/^n3 -> 127\.1\.0\.[12] [\w-]{22} n[12]$/);
    expect(health(engine, A)).toMatchObject({ status: "green", relocating_shards: moving.length });
    engine.clock.advance(30_000);
    expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
    expect(health(engine, A)).toMatchObject({ status: "green", relocating_shards: 0 });
    exclude(engine, A, null);
    engine.clock.advance(30_000);
    expect(nodesWith(engine, A)).toEqual(["n1", "n2", "n3"]);
  });

  test("stuck, it is green with nothing relocating and never empties: explain names filter and same_shard", () => {
    const engine = withIndex(2);
    exclude(engine, A, "n3");
    engine.clock.advance(600_000);
    expect(health(engine, A)).toMatchObject({ status: "green", relocating_shards: 0 });
    expect(rows(engine, A).filter(({ node }) => node === "n3")).toHaveLength(3);
    const explained = engine.call(A, "GET", "/_cluster/allocation/explain", {
      index: "books",
      shard: 0,
      primary: rows(engine, A).some(
        ({ node, prirep }) => node === "n3" && prirep === "p" && rows(engine, A)[0]?.node === "n3",
      ),
      current_node: "n3",
    });
    expect(explained.body).toMatchObject({
      can_remain_on_current_node: "no",
      can_remain_decisions: [{ decider: "filter", decision: "NO" }],
      can_move_to_other_node: "no",
      node_allocation_decisions: [{ deciders: [{ decider: "same_shard" }] }, { deciders: [{ decider: "same_shard" }] }],
    });
  });

  test("a stalled move goes on once it is let go", () => {
    const engine = withIndex();
    engine.runtime.faults.stallRelocations(true);
    exclude(engine, A, "n3");
    engine.clock.advance(300_000);
    expect(health(engine, A)).toMatchObject({ status: "green" });
    expect(rows(engine, A).some(({ state }) => state === "RELOCATING")).toBe(true);
    engine.runtime.faults.stallRelocations(false);
    engine.clock.advance(30_000);
    expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
  });

  test("bytes take time", () => {
    const engine = withIndex();
    const uuid = engine.get<{ cluster_uuid: string }>(A, "/").cluster_uuid;
    engine.runtime.faults.setShardBytes(uuid, "books", 4 * 1024 ** 3);
    exclude(engine, A, "n3");
    engine.clock.advance(60_000);
    expect(health(engine, A).relocating_shards).toBeGreaterThan(0);
    engine.clock.advance(300_000);
    expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
  });
});

describe("a node that leaves", () => {
  test("its replicas wait a minute for it, then are made elsewhere", () => {
    const engine = withIndex();
    engine.stop("n3");
    engine.clock.advance(5000);
    expect(health(engine, A)).toMatchObject({ status: "yellow", delayed_unassigned_shards: 2, initializing_shards: 0 });
    engine.clock.advance(90_000);
    expect(health(engine, A)).toMatchObject({ status: "green", number_of_nodes: 2 });
  });

  test("back within the minute, its copies are used again", () => {
    const engine = withIndex();
    engine.stop("n3");
    engine.clock.advance(5000);
    engine.start({ name: "n3", ip: C, seeds: [A, B, C] });
    engine.clock.advance(15_000);
    expect(health(engine, A)).toMatchObject({ status: "green", number_of_nodes: 3 });
    expect(engine.call(C, "GET", "/books/_count")).toMatchObject({ body: { count: 20 } });
  });

  test("with allocation of replicas off, nothing is made elsewhere until it is back", () => {
    const engine = withIndex();
    engine.call(A, "PUT", "/_cluster/settings", { persistent: { "cluster.routing.allocation.enable": "primaries" } });
    engine.stop("n3");
    engine.clock.advance(300_000);
    expect(health(engine, A)).toMatchObject({ status: "yellow", unassigned_shards: 2 });
    engine.start({ name: "n3", ip: C, seeds: [A, B, C] });
    engine.clock.advance(30_000);
    expect(health(engine, A)).toMatchObject({ status: "yellow" });
    engine.call(A, "PUT", "/_cluster/settings", { persistent: { "cluster.routing.allocation.enable": null } });
    engine.clock.advance(10_000);
    expect(health(engine, A)).toMatchObject({ status: "green" });
  });

  test("a replica takes over from a lost primary at once, and no document is lost", () => {
    const engine = withIndex();
    engine.stop("n3");
    engine.clock.advance(3000);
    expect(health(engine, A)).toMatchObject({ status: "yellow", active_primary_shards: 3 });
    expect(engine.call(A, "GET", "/books/_count")).toMatchObject({ body: { count: 20 } });
  });

  test("without replicas the cluster is red, answers in part, and is whole when the volume is back", () => {
    const engine = withIndex(0);
    engine.stop("n3");
    engine.clock.advance(120_000);
    expect(health(engine, A)).toMatchObject({ status: "red", unassigned_shards: 1 });
    expect(engine.call(A, "GET", "/books/_search")).toMatchObject({
      status: 200,
      body: { _shards: { total: 3, failed: 1 } },
    });
    expect(engine.call(A, "GET", "/_cluster/allocation/explain")).toMatchObject({
      body: { can_allocate: "no_valid_shard_copy" },
    });
    engine.start({ name: "n3", ip: C, seeds: [A, B, C] });
    engine.clock.advance(15_000);
    expect(health(engine, A)).toMatchObject({ status: "green" });
    expect(engine.call(A, "GET", "/books/_count")).toMatchObject({ body: { count: 20 } });
  });

  test("a copy that missed a write does not become primary, even when all others are lost", () => {
    const engine = testEngine();
    formCluster(engine, 3, { roles: ["master", "data"] });
    engine.call(A, "PUT", "/books", {
      settings: { number_of_shards: 1, "index.unassigned.node_left.delayed_timeout": "1h" },
    });
    engine.clock.advance(10_000);
    const [primary = "", replica = ""] = [...rows(engine, A)]
      .sort((a) => (a.prirep === "p" ? -1 : 1))
      .map(({ node }) => node ?? "");
    const witness = ADDRESSES[NAMES.findIndex((name) => name !== primary && name !== replica)] ?? "";
    engine.stop(replica);
    engine.clock.advance(5000);
    engine.call(witness, "PUT", "/books/_doc/late", { title: "late" });
    engine.stop(primary);
    engine.runtime.discardClaim(`cl-test/data-${primary}`);
    engine.start({ name: replica, ip: ADDRESSES[NAMES.indexOf(replica as never)] ?? "", seeds: [A, B, C] });
    engine.clock.advance(60_000);
    expect(health(engine, witness)).toMatchObject({ status: "red", number_of_nodes: 2 });
  });
});

describe("node shutdown API", () => {
  const withShutdown = () => {
    const engine = withIndex();
    engine.runtime.faults.setNodeShutdown(true);
    const nodes = engine.get<{ nodes: Record<string, { name: string }> }>(A, "/_nodes").nodes;
    const id = Object.entries(nodes).find(([, { name }]) => name === "n3")?.[0] ?? "";
    return { engine, id };
  };
  const status = (engine: TestEngine, id: string) =>
    engine.get<{ nodes: { status: string }[] }>(A, `/_nodes/${id}/shutdown`).nodes[0]?.status;

  test("absent, GET reads as a node's name and answers 200 with none; PUT is refused", () => {
    const engine = withIndex();
    expect(engine.call(A, "GET", "/_nodes/shutdown")).toMatchObject({
      status: 200,
      body: { nodes: {}, _nodes: { total: 0 } },
    });
    expect(engine.call(A, "PUT", "/_nodes/x/shutdown", { type: "restart", reason: "r" }).status).toBe(405);
  });

  test("removal moves the shards away and is then complete", () => {
    const { engine, id } = withShutdown();
    expect(engine.call(A, "PUT", `/_nodes/${id}/shutdown`, { type: "remove", reason: "drain" })).toMatchObject({
      body: { acknowledged: true },
    });
    expect(status(engine, id)).toBe("IN_PROGRESS");
    engine.clock.advance(30_000);
    expect(status(engine, id)).toBe("COMPLETE");
    expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
    expect(engine.call(A, "DELETE", `/_nodes/${id}/shutdown`).status).toBe(200);
    expect(engine.call(A, "DELETE", `/_nodes/${id}/shutdown`).status).toBe(404);
  });

  test("removal that no node can take the shards of is stalled", () => {
    const engine = withIndex(2);
    engine.runtime.faults.setNodeShutdown(true);
    const [id = ""] = Object.keys(engine.get<{ nodes: object }>(A, "/_nodes").nodes);
    engine.call(A, "PUT", `/_nodes/${id}/shutdown`, { type: "remove", reason: "drain" });
    engine.clock.advance(60_000);
    expect(status(engine, id)).toBe("STALLED");
  });

  test("a restart that was announced holds its replicas back for five minutes", () => {
    const { engine, id } = withShutdown();
    engine.call(A, "PUT", `/_nodes/${id}/shutdown`, { type: "restart", reason: "roll" });
    expect(status(engine, id)).toBe("COMPLETE");
    engine.stop("n3");
    engine.clock.advance(200_000);
    expect(health(engine, A)).toMatchObject({ status: "yellow", delayed_unassigned_shards: 2 });
    engine.clock.advance(120_000);
    expect(health(engine, A)).toMatchObject({ status: "green" });
  });
});

test("a fourth node gets shards", () => {
  const engine = withIndex();
  engine.start({ name: "n4", ip: D, seeds: [A, B, C, D] });
  engine.clock.advance(60_000);
  expect(nodesWith(engine, A)).toEqual(["n1", "n2", "n3", "n4"]);
  expect(health(engine, A)).toMatchObject({ status: "green", relocating_shards: 0 });
});

test("a replica is not put on a node of an older version than its primary", () => {
  // A cluster halfway through its upgrade: the newer node holds the primary.
  const mixed = testEngine();
  mixed.start({ name: "n1", ip: A, seeds: [A, B], initialMasters: ["n1", "n2"], version: "8.19.21" });
  mixed.start({ name: "n2", ip: B, seeds: [A, B], initialMasters: ["n1", "n2"], version: "9.5.3" });
  mixed.clock.advance(20_000);
  mixed.call(A, "PUT", "/books", { settings: { "index.routing.allocation.require._name": "n2" } });
  mixed.call(A, "PUT", "/books/_settings", { "index.routing.allocation.require._name": null });
  mixed.clock.advance(30_000);
  expect(rows(mixed, A)).toMatchObject([
    { prirep: "p", node: "n2" },
    { prirep: "r", state: "UNASSIGNED" },
  ]);
});

test("above the high watermark shards leave a disk, above the low one none come", () => {
  const engine = withIndex();
  engine.runtime.faults.setDiskUsed(C, 93);
  engine.clock.advance(30_000);
  expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
  engine.runtime.faults.setDiskUsed(C, 87);
  engine.clock.advance(60_000);
  expect(nodesWith(engine, A)).toEqual(["n1", "n2"]);
});

test("health waits for what it is asked for, and 408 carries a normal body", () => {
  const engine = withIndex();
  expect(engine.call(A, "GET", "/_cluster/health?wait_for_nodes=9&timeout=1s")).toMatchObject({
    status: 408,
    body: { status: "green", timed_out: true, number_of_nodes: 3 },
  });
  for (const query of [
    "wait_for_nodes=%3E%3D3",
    "wait_for_nodes=le(3)",
    "wait_for_status=yellow",
    "wait_for_active_shards=all",
  ]) {
    expect(engine.call(A, "GET", `/_cluster/health?${query}&wait_for_no_relocating_shards=true`).status).toBe(200);
  }
  expect(engine.call(A, "GET", "/_cluster/health/none")).toMatchObject({
    status: 408,
    body: { status: "red", timed_out: true },
  });
});

test("a restored engine has the same clusters and documents once its pods run again", () => {
  const engine = withIndex();
  const uuid = engine.get<{ cluster_uuid: string }>(A, "/").cluster_uuid;
  const saved = JSON.parse(JSON.stringify(engine.runtime.snapshot()));
  const other = testEngine({ seed: 2 });
  other.runtime.restore(saved);
  for (const i of [0, 1, 2]) other.start({ name: NAMES[i] ?? "", ip: ADDRESSES[i] ?? "", seeds: [A, B, C] });
  other.clock.advance(60_000);
  expect(other.get(A, "/")).toMatchObject({ cluster_uuid: uuid });
  expect(health(other, A)).toMatchObject({ status: "green", active_shards: 6 });
  expect(other.call(B, "GET", "/books/_count")).toMatchObject({ body: { count: 20 } });
});

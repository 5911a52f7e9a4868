import { describe, expect, test } from "vitest";
import { EngineUnreachable } from "./runtime.ts";
import { ADDRESSES, formCluster, NAMES, testEngine } from "./testing.ts";

const [A, B, C, D] = ADDRESSES;

interface StateBody {
  readonly metadata: {
    readonly cluster_uuid: string;
    readonly cluster_coordination: {
      readonly last_committed_config: string[];
      readonly voting_config_exclusions: object[];
    };
  };
}

const state = (engine: ReturnType<typeof testEngine>, address: string) =>
  engine.get<StateBody>(
    address,
    "/_cluster/state/metadata?filter_path=metadata.cluster_uuid,metadata.cluster_coordination",
  ).metadata;
const votes = (engine: ReturnType<typeof testEngine>, address: string) =>
  state(engine, address).cluster_coordination.last_committed_config;
const masterOf = (engine: ReturnType<typeof testEngine>, address: string) =>
  engine.get<{ node: string }[]>(address, "/_cat/master?format=json")[0]?.node ?? "";
const addressOf = (name: string) => ADDRESSES[NAMES.indexOf(name as never)] ?? "";
const uuidOf = (engine: ReturnType<typeof testEngine>, address: string) =>
  engine.get<{ cluster_uuid: string }>(address, "/").cluster_uuid;

describe("forming", () => {
  test("three nodes that name each other form one cluster, green, with three votes", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    expect(engine.get(B, "/_cluster/health")).toMatchObject({ status: "green", number_of_nodes: 3, timed_out: false });
    expect(votes(engine, C)).toHaveLength(3);
    expect(new Set([A, B, C].map((address) => uuidOf(engine, address))).size).toBe(1);
    expect(engine.get(A, "/")).toMatchObject({ name: "n1", cluster_name: "logs", version: { number: "8.19.21" } });
  });

  test("without initial masters nobody forms a cluster: no port, then `_na_` and 503", () => {
    const engine = testEngine();
    for (const i of [0, 1, 2]) engine.start({ name: NAMES[i] ?? "", ip: ADDRESSES[i] ?? "", seeds: [A, B, C] });
    engine.clock.advance(15_000);
    expect(() => engine.call(A, "GET", "/")).toThrow(EngineUnreachable);
    engine.clock.advance(60_000);
    expect(uuidOf(engine, A)).toBe("_na_");
    expect(engine.call(A, "GET", "/_cluster/health")).toMatchObject({
      status: 503,
      body: { error: { type: "master_not_discovered_exception" }, status: 503 },
    });
    expect(engine.runtime.isReady("uid-n1")).toBe(false);
  });

  test("just formed, a cluster calls itself red until its first state is recovered", () => {
    const engine = testEngine();
    engine.start({ name: "n1", ip: A, seeds: [A], initialMasters: ["n1"] });
    while (!engine.runtime.isReady("uid-n1")) engine.clock.step();
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ status: "red", active_shards: 0, unassigned_shards: 0 });
    engine.clock.advance(1000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ status: "green" });
  });

  test("two of three named masters are enough, one is not", () => {
    const engine = testEngine();
    const initialMasters = ["n1", "n2", "n3"];
    engine.start({ name: "n1", ip: A, seeds: [A, B, C], initialMasters });
    engine.clock.advance(60_000);
    expect(uuidOf(engine, A)).toBe("_na_");
    engine.start({ name: "n2", ip: B, seeds: [A, B, C], initialMasters });
    engine.clock.advance(15_000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    expect(votes(engine, A)).toContain("{bootstrap-placeholder}-n3");
    engine.start({ name: "n3", ip: C, seeds: [A, B, C], initialMasters });
    engine.clock.advance(15_000);
    expect(votes(engine, A).filter((id) => id.startsWith("{"))).toEqual([]);
    expect(votes(engine, A)).toHaveLength(3);
  });

  test("a seed file that comes late is read when it comes", () => {
    const engine = testEngine();
    const initialMasters = ["n1", "n2"];
    engine.start({ name: "n1", ip: A, initialMasters });
    engine.start({ name: "n2", ip: B, initialMasters });
    engine.clock.advance(40_000);
    expect(uuidOf(engine, A)).toBe("_na_");
    engine.runtime.refreshFiles("uid-n1", {
      "/berth/seed-hosts": { "unicast_hosts.txt": Buffer.from(`# peers\n${A}:9300\n${B}\n`) },
    });
    engine.clock.advance(5000);
    expect(engine.get(B, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
  });

  test("nodes of two clusters never mix, even at one address list", () => {
    const engine = testEngine();
    engine.start({ name: "n1", ip: A, seeds: [A, B], initialMasters: ["n1"], cluster: "one" });
    engine.start({ name: "n2", ip: B, seeds: [A, B], initialMasters: ["n2"], cluster: "two" });
    engine.clock.advance(20_000);
    expect(uuidOf(engine, A)).not.toBe(uuidOf(engine, B));
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 1 });
  });
});

describe("what a volume remembers", () => {
  test("a pod that comes back on its claim is the same node of the same cluster, at another address", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const before = state(engine, A);
    engine.stop("n3");
    engine.clock.advance(1000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    engine.start({ name: "n3", ip: D, seeds: [A, B, D] });
    engine.clock.advance(15_000);
    expect(engine.get(D, "/_cluster/health")).toMatchObject({ number_of_nodes: 3 });
    expect(state(engine, D)).toMatchObject({ cluster_uuid: before.cluster_uuid });
    expect(votes(engine, D).sort()).toEqual([...before.cluster_coordination.last_committed_config].sort());
  });

  test("all pods deleted at once come back as the same cluster; the node alone tells its uuid from its disk and has no master", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const uuid = uuidOf(engine, A);
    for (const name of ["n1", "n2", "n3"]) engine.stop(name);
    engine.clock.advance(5000);
    expect(() => engine.call(A, "GET", "/")).toThrow(EngineUnreachable);
    engine.start({ name: "n1", ip: A, seeds: [A, B, C] });
    engine.clock.advance(45_000);
    expect(uuidOf(engine, A)).toBe(uuid);
    expect(engine.call(A, "GET", "/_cluster/health").status).toBe(503);
    expect(engine.call(A, "GET", "/books/_count")).toMatchObject({
      status: 503,
      body: { error: { type: "cluster_block_exception" } },
    });
    engine.start({ name: "n2", ip: B, seeds: [A, B, C] });
    engine.clock.advance(20_000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    expect(uuidOf(engine, B)).toBe(uuid);
  });

  test("a node whose volume is lost never votes for the old cluster again", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    for (const name of ["n1", "n2", "n3"]) engine.stop(name);
    engine.runtime.discardClaim("cl-test/data-n2");
    engine.runtime.discardClaim("cl-test/data-n3");
    for (const i of [0, 1, 2]) engine.start({ name: NAMES[i] ?? "", ip: ADDRESSES[i] ?? "", seeds: [A, B, C] });
    engine.clock.advance(300_000);
    expect([uuidOf(engine, B), uuidOf(engine, C)]).toEqual(["_na_", "_na_"]);
    expect(engine.call(A, "GET", "/_cluster/health").status).toBe(503);
  });

  test("the bootstrap setting left behind on a node with a new volume forms a second cluster", () => {
    const engine = testEngine();
    formCluster(engine, 1);
    const first = uuidOf(engine, A);
    engine.stop("n1");
    engine.runtime.discardClaim("cl-test/data-n1");
    engine.start({ name: "n1", ip: A, seeds: [A], initialMasters: ["n1"] });
    engine.clock.advance(20_000);
    expect(uuidOf(engine, A)).not.toBe(first);
    expect(uuidOf(engine, A)).not.toBe("_na_");
  });

  test("a member of one cluster does not join another of the same name", () => {
    const engine = testEngine();
    engine.start({ name: "n1", ip: A, initialMasters: ["n1"] });
    engine.start({ name: "n2", ip: B, initialMasters: ["n2"] });
    engine.clock.advance(20_000);
    const [one, two] = [uuidOf(engine, A), uuidOf(engine, B)];
    expect(one).not.toBe(two);
    engine.runtime.refreshFiles("uid-n1", { "/berth/seed-hosts": { "unicast_hosts.txt": Buffer.from(B) } });
    engine.clock.advance(60_000);
    expect([uuidOf(engine, A), uuidOf(engine, B)]).toEqual([one, two]);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 1 });
  });

  test("two processes on one claim: the second waits for the lock", () => {
    const engine = testEngine();
    engine.start({ name: "n1", ip: A, initialMasters: ["n1"], claim: "cl-test/data-x" });
    engine.start({ name: "n2", ip: B, claim: "cl-test/data-x" });
    engine.clock.advance(15_000);
    const status = engine.runtime.statusOf("uid-n2");
    expect(status).toMatchObject({ state: "failed" });
    expect(status?.log[0]).toContain("failed to obtain node locks");
    engine.stop("n1");
    engine.clock.advance(60_000);
    expect(engine.runtime.statusOf("uid-n2")).toMatchObject({ state: "running" });
  });
});

describe("quorum", () => {
  test("one of three masters lost: another is elected, health is back within seconds, three votes stay", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const master = masterOf(engine, A);
    const survivor = [A, B, C].find((address) => address !== addressOf(master)) ?? "";
    engine.stop(master);
    expect(engine.call(survivor, "GET", "/_cluster/health").status).toBe(503);
    engine.clock.advance(3000);
    expect(engine.get(survivor, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    expect(masterOf(engine, survivor)).not.toBe(master);
    expect(votes(engine, survivor)).toHaveLength(3);
  });

  test("two of three killed: health and writes are 503, counting still answers, and the same data brings it back", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    engine.call(A, "PUT", "/books", { settings: { number_of_replicas: 2 } });
    engine.clock.advance(10_000);
    engine.call(A, "PUT", "/books/_doc/1", { title: "one" });
    const uuid = uuidOf(engine, A);
    engine.stop("n2");
    engine.stop("n3");
    engine.clock.advance(1000);
    expect(engine.call(A, "GET", "/_cluster/health").status).toBe(503);
    expect(engine.call(A, "PUT", "/books/_doc/2", { title: "two" })).toMatchObject({
      status: 503,
      body: { error: { type: "cluster_block_exception" } },
    });
    expect(engine.get(A, "/_nodes")).toMatchObject({ _nodes: { total: 3, successful: 1, failed: 2 } });
    expect(engine.call(A, "GET", "/books/_count")).toMatchObject({ status: 200, body: { count: 1 } });
    expect(engine.runtime.isReady("uid-n1")).toBe(false);
    engine.start({ name: "n2", ip: B, seeds: [A, B, C] });
    engine.clock.advance(20_000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    expect(uuidOf(engine, B)).toBe(uuid);
  });

  test("a frozen follower is given up after half a minute and comes back when it wakes", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const master = addressOf(masterOf(engine, A));
    const follower = [A, B, C].find((address) => address !== master) ?? "";
    engine.runtime.faults.freeze(follower, true);
    engine.clock.advance(20_000);
    expect(engine.get(master, "/_cluster/health")).toMatchObject({ number_of_nodes: 3 });
    engine.clock.advance(15_000);
    expect(engine.get(master, "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    expect(() => engine.call(follower, "GET", "/")).toThrow(EngineUnreachable);
    engine.runtime.faults.freeze(follower, false);
    engine.clock.advance(5000);
    expect(engine.get(follower, "/_cluster/health")).toMatchObject({ number_of_nodes: 3 });
  });

  test("a master cut off from the others stops being one; the majority elects its own", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const master = addressOf(masterOf(engine, A));
    const others = [A, B, C].filter((address) => address !== master);
    engine.runtime.faults.partition([master]);
    // Half a minute until it steps down, and as long again until its successor gives it up.
    engine.clock.advance(80_000);
    expect(engine.call(master, "GET", "/_cluster/health").status).toBe(503);
    expect(engine.get(others[0] ?? "", "/_cluster/health")).toMatchObject({ number_of_nodes: 2 });
    engine.runtime.faults.heal();
    engine.clock.advance(5000);
    expect(engine.get(master, "/_cluster/health")).toMatchObject({ number_of_nodes: 3 });
  });
});

describe("voting exclusions, as seen on 8.19.21", () => {
  const path = "/_cluster/voting_config_exclusions";

  test("a fourth node leaves the votes at three", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    engine.start({ name: "n4", ip: D, seeds: [A, B, C, D] });
    engine.clock.advance(15_000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 4 });
    expect(votes(engine, A)).toHaveLength(3);
  });

  test("one of three excluded leaves one vote, and stopping that node loses the cluster", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    expect(engine.call(A, "POST", `${path}?node_names=n3`)).toEqual({ status: 200, body: "" });
    const [vote, ...more] = votes(engine, A);
    expect(more).toEqual([]);
    const nodes = engine.get<{ nodes: Record<string, { name: string }> }>(A, "/_nodes").nodes;
    const holder = nodes[vote ?? ""]?.name ?? "";
    expect(["n1", "n2"]).toContain(holder);
    engine.stop(holder);
    engine.clock.advance(60_000);
    const survivor = holder === "n1" ? B : A;
    expect(engine.call(survivor, "GET", "/_cluster/health").status).toBe(503);
  });

  test("the master itself can be excluded: it hands over", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const master = masterOf(engine, A);
    expect(engine.call(A, "POST", `${path}?node_names=${master}`).status).toBe(200);
    expect(masterOf(engine, A)).not.toBe(master);
  });

  test("an unknown name is accepted as absent", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    expect(engine.call(A, "POST", `${path}?node_names=ghost`).status).toBe(200);
    expect(state(engine, A).cluster_coordination.voting_config_exclusions).toEqual([
      { node_id: "_absent_", node_name: "ghost" },
    ]);
    expect(votes(engine, A)).toHaveLength(3);
  });

  test("clearing waits for the node to leave and fails with 500 while it lives, unless told not to wait", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    engine.call(A, "POST", `${path}?node_names=n3`);
    expect(engine.call(A, "DELETE", path).status).toBe(500);
    expect(state(engine, A).cluster_coordination.voting_config_exclusions).toHaveLength(1);
    expect(engine.call(A, "DELETE", `${path}?wait_for_removal=false`)).toEqual({ status: 200, body: "" });
    expect(state(engine, A).cluster_coordination.voting_config_exclusions).toEqual([]);
    expect(votes(engine, A)).toHaveLength(3);
  });

  test("the eleventh exclusion is refused", () => {
    const engine = testEngine();
    formCluster(engine, 3);
    const names = Array.from({ length: 10 }, (_unused, i) => `ghost-${i}`).join(",");
    expect(engine.call(A, "POST", `${path}?node_names=${names}`).status).toBe(200);
    expect(engine.call(A, "POST", `${path}?node_names=n3`)).toMatchObject({
      status: 400,
      body: { error: { type: "illegal_argument_exception" } },
    });
  });
});

describe("versions", () => {
  test("older code on newer data ends the process; the newer starts again on the same volume", () => {
    const engine = testEngine();
    formCluster(engine, 1, { version: "9.5.3" });
    const uuid = uuidOf(engine, A);
    engine.stop("n1");
    engine.start({ name: "n1", ip: A, seeds: [A], version: "8.19.21", uid: "older" });
    engine.clock.advance(30_000);
    expect(engine.runtime.statusOf("older")).toMatchObject({ state: "failed" });
    expect(engine.runtime.statusOf("older")?.log[0]).toContain("in the future");
    engine.runtime.stop("older", 0);
    engine.start({ name: "n1", ip: A, seeds: [A], version: "9.5.3" });
    engine.clock.advance(20_000);
    expect(uuidOf(engine, A)).toBe(uuid);
  });

  test("a skipped major is refused", () => {
    const engine = testEngine();
    formCluster(engine, 1, { version: "7.17.29", settings: "" });
    engine.stop("n1");
    engine.start({ name: "n1", ip: A, version: "9.5.3", uid: "newer" });
    engine.clock.advance(30_000);
    expect(engine.runtime.statusOf("newer")?.log[0]).toContain("cannot upgrade a node from version [7.17.29]");
  });

  test("an older node may not join a cluster that has left its version behind", () => {
    const engine = testEngine();
    formCluster(engine, 3, { version: "9.5.3" });
    engine.start({ name: "n4", ip: D, seeds: [A, B, C, D], version: "8.19.21" });
    engine.clock.advance(60_000);
    expect(engine.get(A, "/_cluster/health")).toMatchObject({ number_of_nodes: 3 });
    expect(engine.runtime.statusOf("uid-n4")?.log.join()).toContain("may not join a cluster");
  });
});

test("a configuration with a missing variable or broken YAML ends the process with the reason", () => {
  const engine = testEngine();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the engines expand it themselves.
  engine.start({ name: "n1", ip: A, settings: "node.attr.zone: ${ZONE}" });
  engine.start({ name: "n2", ip: B, settings: "a: [b" });
  engine.clock.advance(1000);
  expect(engine.runtime.statusOf("uid-n1")?.log[0]).toContain("Could not resolve placeholder 'ZONE'");
  expect(engine.runtime.statusOf("uid-n2")?.log[0]).toContain("failed to load settings");
});

test("one seed gives one history", () => {
  const history = (seed: number) => {
    const engine = testEngine({ seed });
    formCluster(engine, 3);
    return [uuidOf(engine, A), masterOf(engine, A), engine.runtime.statusOf("uid-n2")?.log];
  };
  expect(history(5)).toEqual(history(5));
  expect(history(6)).not.toEqual(history(5));
});

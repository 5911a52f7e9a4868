import { describe, expect, test } from "vitest";
import { type VirtualClock, virtualClock } from "../clock.ts";
import {
  applyCluster,
  approveAll,
  kube,
  launchMachine,
  nodes,
  podAddresses,
  publishSeeds,
  readyNodes,
  readyPods,
} from "./testing.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];
const MINUTE = 60_000;

function newWorld(options: Partial<WorldOptions> = {}): { clock: VirtualClock; world: World } {
  const clock = virtualClock();
  return { clock, world: createWorld({ clock, seed: 1, region: "us-east-1", zones: ZONES, ...options }) };
}

/** Three machines that have joined, one in each zone; gives their instance ids. */
function withNodes(clock: VirtualClock, world: World): string[] {
  const ids = ZONES.map((zone, index) => launchMachine(world, `mac-${index}`, zone));
  clock.advance(2 * MINUTE);
  approveAll(world);
  clock.advance(MINUTE);
  return ids;
}

/** A formed cluster of three on them. */
function withCluster(clock: VirtualClock, world: World): string[] {
  const ids = withNodes(clock, world);
  applyCluster(world);
  clock.advance(MINUTE);
  publishSeeds(world);
  clock.advance(3 * MINUTE);
  return ids;
}

const health = (world: World, address: string) =>
  world.engine.call(address, { method: "GET", path: "/_cluster/health" }).body;

describe("joining", () => {
  test("a booted machine asks with its token, waits for approval, and is a Node with its type's allocatable", () => {
    const { clock, world } = newWorld();
    const id = launchMachine(world, "mac-1", "us-east-1b");
    clock.advance(2 * MINUTE);
    expect(nodes(world)).toEqual([]);
    expect(approveAll(world)).toBe(1);
    clock.advance(MINUTE);
    expect(readyNodes(world)).toEqual(["mac-1"]);
    expect(nodes(world)[0]).toMatchObject({
      metadata: {
        labels: {
          "berth.dev/pool": "general",
          "topology.kubernetes.io/zone": "us-east-1b",
          "node.kubernetes.io/instance-type": "m7i.2xlarge",
        },
      },
      spec: { providerID: `aws:///us-east-1b/${id}` },
      status: { allocatable: { cpu: "7910m", memory: "29713Mi", pods: "22" } },
    });
    const [driver] = world.kubernetes.objects("CSINode");
    expect(driver).toMatchObject({ spec: { drivers: [{ allocatable: { count: 31 } }] } });
  });

  test("a machine may have less memory than its type says, and its Node offers less", () => {
    const { clock, world } = newWorld();
    world.ec2.faults.setMissingMemory("m7i.2xlarge", 10_000);
    launchMachine(world, "mac-1", "us-east-1b");
    clock.advance(2 * MINUTE);
    approveAll(world);
    clock.advance(MINUTE);
    expect(nodes(world)[0]).toMatchObject({ status: { allocatable: { cpu: "7910m", memory: "20463Mi" } } });
  });

  test("a machine that never boots, or that points elsewhere, is no Node", () => {
    const { clock, world } = newWorld({ acceptsJoin: ({ apiServerEndpoint }) => apiServerEndpoint.endsWith(":6443") });
    world.ec2.faults.neverBootNext();
    launchMachine(world, "mac-1", "us-east-1a");
    const lost = launchMachine(world, "mac-2", "us-east-1a", { endpoint: "https://127.0.0.1:1" });
    clock.advance(10 * MINUTE);
    expect(approveAll(world)).toBe(0);
    expect(
      world.events.find(({ instanceId, what }) => instanceId === lost && what.includes("cannot reach")),
    ).toBeDefined();
  });

  test("of two machines with one node's name the first keeps it; the end of the second changes nothing", () => {
    const { clock, world } = newWorld();
    launchMachine(world, "mac-1", "us-east-1a", { clientToken: "t1" });
    clock.advance(MINUTE);
    const second = launchMachine(world, "mac-1", "us-east-1a", { clientToken: "t2" });
    clock.advance(2 * MINUTE);
    approveAll(world);
    clock.advance(MINUTE);
    world.ec2.terminateInstances([second]);
    clock.advance(5 * MINUTE);
    expect(readyNodes(world)).toEqual(["mac-1"]);
  });
});

describe("pods on machines", () => {
  test("a set of pods becomes an engine cluster", () => {
    const { clock, world } = newWorld();
    withCluster(clock, world);
    expect(readyPods(world)).toEqual(["data-0", "data-1", "data-2"]);
    expect(health(world, podAddresses(world)[0] ?? "")).toMatchObject({ status: "green", number_of_nodes: 3 });
  });

  test("when a machine ends its node goes silent and its process is gone, but the Node object stays", () => {
    const { clock, world } = newWorld();
    const [first = ""] = withCluster(clock, world);
    world.ec2.terminateInstances([first]);
    clock.advance(3 * MINUTE);
    expect(world.engine.listening()).toHaveLength(2);
    expect(nodes(world)).toHaveLength(3);
    expect(readyNodes(world)).toHaveLength(2);
    const survivor = world.engine.listening()[0]?.pod.podIp ?? "";
    expect(health(world, survivor)).toMatchObject({ number_of_nodes: 2 });
  });

  test("a deleted pod comes back on its claim as the same member, with its documents", () => {
    const { clock, world } = newWorld();
    withCluster(clock, world);
    const call = (address: string, method: string, path: string, body?: unknown) =>
      world.engine.call(address, { method, path, body });
    const [first = ""] = podAddresses(world);
    call(first, "PUT", "/books/_doc/1", { title: "x" });
    clock.advance(MINUTE);
    kube(world, "DELETE", "/api/v1/namespaces/cl-test/pods/data-0");
    clock.advance(2 * MINUTE);
    publishSeeds(world);
    clock.advance(4 * MINUTE);
    const [other = ""] = podAddresses(world).slice(1);
    expect(health(world, other)).toMatchObject({ status: "green", number_of_nodes: 3 });
    for (const address of podAddresses(world))
      expect(call(address, "GET", "/books/_count").body).toMatchObject({ count: 1 });
  });
});

test("one seed and one sequence of calls give one world", () => {
  const history = (seed: number) => {
    const { clock, world } = newWorld({ seed });
    withCluster(clock, world);
    return JSON.stringify([
      world.events,
      podAddresses(world),
      world.engine.snapshot().clusters.map(({ uuid }) => uuid),
    ]);
  };
  expect(history(3)).toBe(history(3));
  expect(history(4)).not.toBe(history(3));
});

test("a restored world has its machines, nodes, pods and documents; engines start anew on their volumes", () => {
  const { clock, world } = newWorld();
  const ids = withCluster(clock, world);
  const [address = ""] = podAddresses(world);
  world.engine.call(address, { method: "PUT", path: "/books/_doc/1", body: { title: "kept" } });
  clock.advance(MINUTE);
  const uuid = world.engine.snapshot().clusters[0]?.uuid;
  const snapshot = JSON.parse(JSON.stringify(world.snapshot()));
  world.close();

  const again = createWorld({ clock, seed: 1, region: "us-east-1", zones: ZONES, snapshot });
  expect(again.engine.listening()).toEqual([]);
  clock.advance(5 * MINUTE);
  expect(readyNodes(again)).toHaveLength(3);
  expect(readyPods(again)).toEqual(["data-0", "data-1", "data-2"]);
  const [after = ""] = podAddresses(again);
  expect(health(again, after)).toMatchObject({ status: "green", number_of_nodes: 3 });
  expect(again.engine.call(after, { method: "GET", path: "/" }).body).toMatchObject({ cluster_uuid: uuid });
  expect(again.engine.call(after, { method: "GET", path: "/books/_doc/1" }).status).toBe(200);
  again.ec2.terminateInstances(ids);
  clock.advance(5 * MINUTE);
  expect(again.engine.listening()).toEqual([]);
});

test("another joiner takes the place of the simulated kubelets", () => {
  const calls: string[] = [];
  const { clock, world } = newWorld({
    nodeJoiner: {
      booted: ({ join, resources }) => calls.push(`booted ${join?.nodeName} ${resources?.allocatable.pods}`),
      left: ({ join }) => calls.push(`left ${join?.nodeName}`),
    },
  });
  const id = launchMachine(world, "mac-1", "us-east-1a");
  clock.advance(2 * MINUTE);
  world.ec2.terminateInstances([id]);
  clock.advance(2 * MINUTE);
  expect(calls).toEqual(["booted mac-1 22", "left mac-1"]);
  expect(approveAll(world)).toBe(0);
});

import type { RebalanceCluster } from "@berth/db";
import { LABELS } from "@berth/domain";
import { type EngineShard, type Pod, PortError } from "@berth/ports";
import { describe, expect, it } from "vitest";
import type { ReadOnlyEngine } from "../effects.ts";
import { askEngines } from "./ask-engines.ts";

const HEALTH = {
  status: "green" as "green" | "yellow" | "red",
  timedOut: false,
  nodes: 2,
  dataNodes: 2,
  activeShards: 2,
  relocatingShards: 0,
  initializingShards: 0,
  unassignedShards: 0,
};
const shard = (node: string, over: Partial<EngineShard> = {}): EngineShard => ({
  index: "books",
  shard: 0,
  primary: node === "a",
  state: "STARTED",
  node,
  relocatingTo: undefined,
  ...over,
});
const cluster = {
  id: "cl_1",
  engine: "elasticsearch",
  version: "8.19.21",
  instances: [{ id: "ins_1" }, { id: "ins_2" }],
} as unknown as RebalanceCluster;
const pod = (phase: "Running" | "Pending"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "data-0", labels: { [LABELS.cluster]: "cl_1" } },
  spec: { containers: [] },
  status: { phase, podIP: "127.20.0.1" },
});

async function facts(over: {
  health?: Partial<typeof HEALTH>;
  shards?: EngineShard[];
  pods?: Pod[];
  secrets?: undefined;
  broken?: Error;
}) {
  const engine = {
    health: async () => {
      if (over.broken !== undefined) throw over.broken;
      return { ...HEALTH, ...over.health };
    },
    shards: async () => over.shards ?? [shard("a"), shard("b")],
  } as unknown as ReadOnlyEngine;
  const secretsOf = async () => ("secrets" in over ? undefined : { caCertPem: "", controllerPassword: "x" });
  return (await askEngines({ engine, secretsOf }, [cluster], over.pods ?? [pod("Running")])).get("cl_1");
}

describe("what an engine is asked before an instance moves", () => {
  it("all is well: green, with all instances, and two started copies of each shard", async () => {
    expect(await facts({})).toEqual({ kind: "known", isGreen: true, hasIndexWithoutReplicas: false });
  });

  it.each([
    ["yellow", { status: "yellow" as const }],
    ["green in an answer that timed out", { timedOut: true }],
    ["green with an instance that is not there", { nodes: 1 }],
    ["green while a shard is on its way", { relocatingShards: 1 }],
    ["green while a copy is being made", { initializingShards: 1 }],
  ])("%s is not green enough", async (_, health) => {
    expect(await facts({ health })).toMatchObject({ kind: "known", isGreen: false });
  });

  it.each([
    ["no second copy", [shard("a")]],
    ["a second copy that is not started", [shard("a"), shard("b", { state: "INITIALIZING" })]],
    ["a second copy of another shard alone", [shard("a"), shard("b"), shard("a", { shard: 1 })]],
  ])("a shard with %s holds the cluster", async (_, shards) => {
    expect(await facts({ shards })).toMatchObject({ kind: "known", hasIndexWithoutReplicas: true });
  });

  it.each([
    ["cannot be reached", { broken: new PortError("unavailable", "nobody answers") }],
    ["has no pod that runs", { pods: [pod("Pending")] }],
    ["has no secrets yet", { secrets: undefined }],
  ])("one that %s is unknown", async (_, over) => {
    expect(await facts(over)).toEqual({ kind: "unknown" });
  });

  it("a fault of our own is no answer: it is thrown", async () => {
    await expect(facts({ broken: new TypeError("a fault") })).rejects.toThrow("a fault");
  });
});

import { findEngineVersion } from "@berth/domain";
import type { EngineTarget } from "@berth/ports";
import { expect, test } from "vitest";
import { virtualClock } from "../clock.ts";
import { createEc2Model } from "../ec2/model.ts";
import { ADDRESSES, formCluster, OPERATOR, OPERATOR_HASH, testEngine } from "../engine/testing.ts";
import { inProcessCloud } from "./in-process-cloud.ts";
import { inProcessEngine } from "./in-process-engine.ts";

const LAUNCH = {
  clientToken: "t1",
  machineType: "m7i.xlarge",
  zone: "us-east-1a",
  imageId: "ami-0123456789abcdef0",
  userData: "#!/bin/bash\n",
  tags: { "berth.dev/machine": "mac_1" },
  rootVolumeGib: 40,
};

function cloudOnModel() {
  const clock = virtualClock();
  const model = createEc2Model({ clock, seed: 1, region: "us-east-1", zones: ["us-east-1a", "us-east-1b"] });
  return { clock, model, cloud: inProcessCloud(model) };
}

test("cloud: launched once for one token, seen late, found by tag, terminated", async () => {
  const { clock, cloud } = cloudOnModel();
  const first = await cloud.launch(LAUNCH);
  const again = await cloud.launch(LAUNCH);
  expect(first.ok && first.value.state).toBe("pending");
  expect(again).toEqual(first);
  clock.advance(60_000);
  const [seen] = await cloud.describe({ tags: LAUNCH.tags, alive: true });
  expect(seen).toMatchObject({ state: "running", machineType: "m7i.xlarge", zone: "us-east-1a", clientToken: "t1" });
  expect(await cloud.terminate(seen?.instanceId ?? "")).toBe("terminating");
  expect(await cloud.terminate("i-0123456789abcdef0")).toBe("not_found");
  clock.advance(120_000);
  expect(await cloud.describe({ tags: LAUNCH.tags, alive: true })).toEqual([]);
  expect(await cloud.launch(LAUNCH)).toMatchObject({ ok: false, error: { kind: "token_reused" } });
});

test("cloud: capacity and quota are values, throttling and denial are thrown", async () => {
  const { model, cloud } = cloudOnModel();
  model.faults.setCapacity("m7i.xlarge", "us-east-1a", 0);
  expect(await cloud.launch(LAUNCH)).toMatchObject({ ok: false, error: { kind: "insufficient_capacity" } });
  model.faults.setCapacity("m7i.xlarge", "us-east-1a", undefined);
  model.faults.setInstanceLimit(0);
  expect(await cloud.launch(LAUNCH)).toMatchObject({ ok: false, error: { kind: "limit_exceeded" } });
  model.faults.setInstanceLimit(undefined);
  model.faults.setDenied("RunInstances", true);
  await expect(cloud.launch(LAUNCH)).rejects.toMatchObject({ kind: "denied", retryable: false });
  model.faults.setDenied("RunInstances", false);
  model.faults.loseAnswers("RunInstances");
  await expect(cloud.launch(LAUNCH)).rejects.toMatchObject({ kind: "unavailable", retryable: true });
  expect(await cloud.launch(LAUNCH)).toMatchObject({ ok: true });
});

const elasticsearch = findEngineVersion("elasticsearch", "8.19.21");

function targetOf(changes: Partial<EngineTarget> = {}): EngineTarget {
  if (elasticsearch === undefined) throw new Error("the catalogue lacks the version of this test");
  return {
    engine: "elasticsearch",
    version: elasticsearch.version,
    capabilities: elasticsearch.capabilities,
    addresses: ADDRESSES.slice(0, 3),
    caCertPem: "",
    serverName: "",
    ...OPERATOR,
    ...changes,
  };
}

function securedCluster() {
  const engine = testEngine();
  formCluster(engine, 3, {
    settings: "xpack.security.enabled: true",
    files: { users: `operator:${OPERATOR_HASH}`, users_roles: "superuser:operator" },
  });
  return { engine, port: inProcessEngine(engine.runtime) };
}

test("engine: identity, health, nodes, votes, shards that move", async () => {
  const { engine, port } = securedCluster();
  const target = targetOf();
  expect(await port.identity(target)).toMatchObject({ clusterName: "logs", version: "8.19.21" });
  expect(await port.health(target)).toMatchObject({ status: "green", nodes: 3, timedOut: false });
  expect((await port.nodes(target)).map(({ name }) => name).sort()).toEqual(["n1", "n2", "n3"]);
  expect(await port.votingConfiguration(target)).toHaveLength(3);
  await port.addVotingExclusion(target, "n3");
  expect(await port.votingConfiguration(target)).toHaveLength(1);
  await port.clearVotingExclusions(target);
  expect(await port.votingConfiguration(target)).toHaveLength(3);

  engine.call(ADDRESSES[0], "PUT", "/books", {}, OPERATOR);
  engine.clock.advance(20_000);
  engine.runtime.faults.stallRelocations(true);
  const [held] = await port.shards(target);
  const exclude = { persistent: { "cluster.routing.allocation.exclude._name": held?.node } };
  engine.call(ADDRESSES[0], "PUT", "/_cluster/settings", exclude, OPERATOR);
  const moving = (await port.shards(target)).find(({ state }) => state === "RELOCATING");
  expect(moving).toMatchObject({ node: held?.node, relocatingTo: expect.stringMatching(/^n[123]$/) });
});

test("engine: customers' users and roles; a wrong login is denied; a dead address leads to the next", async () => {
  const { engine, port } = securedCluster();
  await port.putCustomerRoles(targetOf());
  await port.putUser(targetOf(), { username: "ann", password: "ann-password", role: "customer_read" });
  const ann = targetOf({ username: "ann", password: "ann-password" });
  expect(await port.identity(ann)).toMatchObject({ clusterName: "logs" });
  await expect(port.shards(ann)).rejects.toMatchObject({ kind: "denied" });
  await expect(port.identity(targetOf({ password: "wrong" }))).rejects.toMatchObject({ kind: "denied" });
  expect(await port.deleteUser(targetOf(), "ann")).toBe(true);
  expect(await port.deleteUser(targetOf(), "ann")).toBe(false);
  engine.stop("n1");
  engine.clock.advance(10_000);
  expect(await port.health(targetOf())).toMatchObject({ nodes: 2 });
  engine.stop("n2");
  await expect(port.health(targetOf())).rejects.toMatchObject({ kind: "unavailable" });
});

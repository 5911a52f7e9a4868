import type { Client } from "@berth/client";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, deleteForGrace, purgeCluster, restoreCluster, untilSucceeded } from "./clusters.ts";
import { engineCall } from "./engine-call.ts";
import { leftovers, untilNothingIsLeft } from "./leftovers.ts";
import { placementsOf } from "./placements.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 180_000;

async function untilUp(platform: Platform, cluster: { readonly current_operation: { id: string } | null }) {
  return untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
}

async function purge(platform: Platform, cluster: { readonly id: string; readonly name: string }): Promise<void> {
  await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
  await untilNothingIsLeft(platform, LONG_MS);
}

async function launchesIn(operator: Client, zone: string) {
  const { body: machines } = await operator.listMachines({ query: { zone } });
  const [machine] = machines.data;
  const { body } = await operator.getMachine({ params: { machine_id: machine?.id ?? "" } });
  return body.launches.map(({ machine_type, outcome }) => [machine_type, outcome]);
}

// Each on a world of its own, beside each other: most of their time is spent waiting.
describe.concurrent("a cluster of three instances", { timeout: 3 * LONG_MS }, () => {
  it("comes up green over three zones where the packer said, serves its credential alone, and leaves nothing behind", () =>
    withPlatform({}, async (platform, world) => {
      const cluster = await createTestCluster(platform, "search");
      const params = { cluster_id: cluster.id };
      const operation = await untilUp(platform, cluster);
      expect(operation.progress.steps.map(({ state }) => state)).toEqual(Array(7).fill("succeeded"));
      const { body } = await platform.customer.getCluster({ params });
      expect(body?.status).toMatchObject({ state: "running", health: "green", waiting_for: [], last_failure: null });

      const placements = await placementsOf(platform, cluster.id);
      const nodes = placements.map(({ pod }) => pod.spec.nodeName);
      expect(nodes).toEqual(placements.map(({ decision }) => decision.node_name));
      const zones = placements.map(({ pod }) => pod.metadata.labels?.["topology.kubernetes.io/zone"]);
      expect(new Set(zones)).toEqual(new Set(world.zones));
      for (const { decision } of placements) {
        expect(decision.executed_at).not.toBeNull();
        const detail = await platform.operator.getPlacementDecision({ params: { decision_id: decision.id } });
        expect(detail.body.candidates.length).toBeGreaterThan(0);
      }

      const { body: connection } = await platform.customer.getConnection({ params });
      expect(connection).toMatchObject({ ready: true, usernames: ["admin"] });
      const credential = cluster.initial_credential;
      const put = await engineCall(connection, credential, "PUT", "/notes/_doc/1?refresh=true", { text: "hello" });
      expect(put.status).toBe(201);
      const read = await engineCall(connection, credential, "GET", "/notes/_doc/1");
      expect(read).toMatchObject({ status: 200, body: { _source: { text: "hello" } } });
      const wrong = { ...credential, password: `${credential.password}x` };
      expect((await engineCall(connection, wrong, "GET", "/notes/_doc/1")).status).toBe(401);
      expect((await engineCall(connection, undefined, "GET", "/")).status).toBe(401);

      await purge(platform, cluster);
    }));

  it("comes back from its deletion as what it was: its data on its volumes, its UUID, its credential", () =>
    withPlatform({}, async (platform, world) => {
      const cluster = await createTestCluster(platform, "again");
      await untilUp(platform, cluster);
      const ask = async (method: "GET" | "PUT", path: string, body?: unknown) => {
        const { body: connection } = await platform.customer.getConnection({ params: { cluster_id: cluster.id } });
        return engineCall(connection, cluster.initial_credential, method, path, body);
      };
      const { kubernetes } = world.simulated.world;
      const volumes = () => kubernetes.objects("PersistentVolume").map(({ metadata }) => metadata.uid);
      const zonesOfInstances = async () =>
        (await placementsOf(platform, cluster.id)).map(
          ({ pod }) => pod.metadata.labels?.["topology.kubernetes.io/zone"],
        );
      expect((await ask("PUT", "/notes/_doc/1?refresh=true", { text: "hello" })).status).toBe(201);
      const uuid = (await ask("GET", "/")).body.cluster_uuid;
      const [kept, zones] = [volumes(), await zonesOfInstances()];
      expect(kept).toHaveLength(3);

      await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
      expect(kubernetes.objects("Pod", namespaceOf(cluster.id as ClusterId))).toEqual([]);
      const restore = await untilSucceeded(platform, await restoreCluster(platform, cluster), LONG_MS);
      expect(restore.progress.steps.map(({ state }) => state)).toEqual(Array(8).fill("succeeded"));
      const { body } = await platform.customer.getCluster({ params: { cluster_id: cluster.id } });
      expect(body).toMatchObject({
        status: { state: "running", health: "green", waiting_for: [], last_failure: null },
        delete_requested_at: null,
        purge_at: null,
        deleted_at: null,
      });
      expect(await ask("GET", "/notes/_doc/1")).toMatchObject({ status: 200, body: { _source: { text: "hello" } } });
      expect((await ask("GET", "/")).body.cluster_uuid).toBe(uuid);
      expect(volumes()).toEqual(kept);
      expect(await zonesOfInstances()).toEqual(zones);
      await purge(platform, cluster);
    }));

  it("is made once by two creates with one Idempotency-Key, which get one answer", () =>
    withPlatform({}, async (platform, world) => {
      const body = { name: "twin", region: world.region, size: "1g", instances: 3 };
      const create = () => platform.customer.createCluster({ body, idempotencyKey: "the-same-key-for-both" });
      const [first, second] = await Promise.all([create(), create()]);
      expect(second).toEqual({ ...first, headers: second.headers });
      expect(first.headers.get("operation-location")).toBe(second.headers.get("operation-location"));
      if (first.status !== 202) throw new Error(`create answered ${first.status}`);
      await untilUp(platform, first.body);
      const namespaces = (await leftovers(platform)).filter((one) => one.startsWith("namespace "));
      expect(namespaces).toEqual([`namespace ${namespaceOf(first.body.id as ClusterId)}`]);
      await purge(platform, first.body);
    }));

  it("gets another machine type, under another token, where the cheapest has no capacity", () =>
    withPlatform({}, async (platform, world) => {
      const { ec2 } = world.simulated.world;
      const [zone = ""] = world.zones;
      ec2.faults.setCapacity("m7i.large", zone, 0);
      const cluster = await createTestCluster(platform, "elsewhere");
      await untilUp(platform, cluster);
      expect(await launchesIn(platform.operator, zone)).toEqual([
        ["m7i.large", "refused"],
        ["m7i.xlarge", "launched"],
      ]);
      const tokens = await platform.database.query<{ token: string }>("select client_token as token from launch");
      expect(new Set(tokens.map(({ token }) => token)).size).toBe(4);
      await purge(platform, cluster);
    }));

  it("says without naming a machine that there is no room for it, and comes up once there is", () =>
    withPlatform({}, async (platform) => {
      const { body: pools } = await platform.operator.listPools({ query: {} });
      const params = { pool_id: pools.data[0]?.id ?? "" };
      await platform.operator.updatePool({ params, body: { max_machines: 0 } });
      const cluster = await createTestCluster(platform, "waiting", { instances: 1 });
      const refused = await waitFor(
        async () => {
          const { body } = await platform.customer.getCluster({ params: { cluster_id: cluster.id } });
          const guards = body?.status.waiting_for ?? [];
          return guards[0]?.name === "no_capacity" ? guards : undefined;
        },
        { timeoutMs: LONG_MS, what: "an instance without capacity" },
      );
      const { body: instances } = await platform.customer.listInstances({ params: { cluster_id: cluster.id } });
      expect(refused.map(({ subject }) => subject)).toEqual(instances.data.map(({ id }) => id));
      expect(JSON.stringify(refused)).not.toMatch(/m7i|mac[-_]|pool/);
      await platform.operator.updatePool({ params, body: { max_machines: 10 } });
      await untilUp(platform, cluster);
      const { body: decisions } = await platform.operator.listPlacementDecisions({
        query: { cluster_id: cluster.id, outcome: "refused" },
      });
      expect(decisions.data).toHaveLength(1);
      await purge(platform, cluster);
    }));

  it("is launched no machine beyond its pool's spend cap, which operators are told of, and comes up once it is raised", () =>
    withPlatform({}, async (platform) => {
      const { body: pools } = await platform.operator.listPools({ query: {} });
      const params = { pool_id: pools.data[0]?.id ?? "" };
      const cap = (amount: string) =>
        platform.operator.updatePool({ params, body: { max_price_per_hour: { amount, currency: "USD" } } });
      await cap("0.01");
      const cluster = await createTestCluster(platform, "dear", { instances: 1 });
      await waitFor(
        async () => {
          const { body: kubes } = await platform.operator.listKubes({ query: {} });
          return kubes.data[0]?.status.waiting_for.some(({ name }) => name === "spend_cap") === true || undefined;
        },
        { timeoutMs: LONG_MS, what: "a guard that names the spend cap" },
      );
      expect((await platform.operator.listMachines({ query: {} })).body.data).toEqual([]);
      await cap("10");
      await untilUp(platform, cluster);
      await purge(platform, cluster);
    }));

  it("gets another machine in place of one that somebody ended before it joined", () =>
    withPlatform({}, async (platform, world) => {
      const { ec2 } = world.simulated.world;
      ec2.faults.neverBootNext();
      const cluster = await createTestCluster(platform, "bereaved");
      const dead = await waitFor(
        () =>
          ec2
            .describeInstances({})
            .items.find(({ instance, state }) => instance.bootAt === null && state === "running"),
        { timeoutMs: LONG_MS, what: "the machine that never boots", intervalMs: 20 },
      );
      ec2.faults.terminateBehindOurBack(dead.instance.id);
      await untilUp(platform, cluster);
      const machineId = dead.instance.tags["berth.dev/machine"];
      const nodes = (await placementsOf(platform, cluster.id)).map(({ pod }) => pod.spec.nodeName);
      expect(nodes).not.toContain(`mac-${machineId?.slice(4)}`);
      await purge(platform, cluster);
    }));
});

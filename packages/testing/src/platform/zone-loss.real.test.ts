import { LABELS } from "@berth/domain";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import { expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

const LONG_MS = 180_000;

/** Instances that got no machine as their zone is held. */
const heldBack = async ({ operator }: Platform) => {
  const { body } = await operator.listPlacementDecisions({ query: { outcome: "refused" } });
  const refused = await Promise.all(
    body.data.map(async ({ id }) => (await operator.getPlacementDecision({ params: { decision_id: id } })).body),
  );
  return new Set(refused.filter(({ reasons }) => reasons.includes("zone_held")).map((one) => one.instance_id));
};

const machinesIn = ({ simulated }: SimulatedPlatformWorld, zone: string) =>
  simulated.world.ec2.describeInstances({}).items.filter(({ instance }) => instance.zone === zone);

/** EC2 ends every machine of the zone. */
async function endMachines(world: SimulatedPlatformWorld, zone: string): Promise<void> {
  for (const { instance } of machinesIn(world, zone))
    world.simulated.world.ec2.faults.terminateBehindOurBack(instance.id);
}

/** Somebody deletes every Node of the zone; the machines go on running. */
async function deleteNodes(world: SimulatedPlatformWorld, zone: string): Promise<void> {
  const connection = parseKubeconfig(world.kubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  const kubernetes = createKubernetes(connection.value);
  const nodes = await kubernetes.list("Node", { labelSelector: `${LABELS.zone}=${zone}` });
  for (const { metadata } of nodes)
    await kubernetes.delete("Node", { name: metadata.name }, { uid: metadata.uid ?? "" });
  kubernetes.close();
}

it.each([
  ["whose machines EC2 ends all at once", endMachines],
  ["whose nodes are all deleted", deleteNodes],
] as const)(
  "a zone %s is held by name: nothing is launched there until an operator lifts it, and then all comes up where its data is",
  { timeout: 4 * LONG_MS },
  (_, lose) =>
    withPlatform({ machineTypes: ["m7i.large"], instancesPerMachine: 2 }, async (platform, world) => {
      const clusters = await Promise.all(["one", "two", "three"].map((name) => createTestCluster(platform, name)));
      for (const one of clusters) await untilSucceeded(platform, one.current_operation?.id ?? "", LONG_MS);
      const [zone = ""] = world.zones;
      const before = machinesIn(world, zone).length;
      expect(before).toBeGreaterThan(1);

      // Nobody looks meanwhile, so that the first of them is not replaced before the second is missed.
      await platform.worker().kill();
      await lose(world, zone);
      await platform.database.query("update machine set next_check_at = now(), wakes = wakes + 1");
      await platform.restartWorker();
      const guardOf = async () => {
        const { body } = await platform.operator.listKubes({ query: {} });
        return body.data[0]?.status.waiting_for.find(({ name }) => name === "zone_held");
      };
      const guard = await waitFor(guardOf, { timeoutMs: LONG_MS, what: "the hold", intervalMs: 100 });
      expect(guard.subject.endsWith(`/${zone}`)).toBe(true);
      expect(guard.hint).toContain(`${before} of ${before} machines of the pool in ${zone}`);

      await waitFor(async () => (await heldBack(platform)).size === clusters.length, {
        timeoutMs: LONG_MS,
        what: "the zone's instances to wait for the hold",
        intervalMs: 200,
      });
      const estimate = { region: world.region, size: "1g", instances: 3 } as const;
      const { body: preview } = await platform.customer.createEstimate({ body: estimate });
      const place = preview.clusters[0]?.placement.find((one) => one.zone === zone);
      expect(preview.feasible).toBe(false);
      expect(place).toMatchObject({ machine: "none", reason: expect.stringContaining(`in ${zone}`) });
      expect(place?.reason).toContain("zone_held");
      expect(machinesIn(world, zone)).toHaveLength(before);

      const [pool] = (await platform.operator.listPools({ query: {} })).body.data;
      await platform.operator.updatePool({ params: { pool_id: pool?.id ?? "" }, body: { max_machines: 900 } });
      await waitFor(
        async () => {
          const { body } = await platform.customer.listClusters({ query: { state: "running" } });
          const health = body.data.map(({ status }) => status.health);
          if (health.join() === "green,green,green") return true;
          throw new Error(`health: ${health.join()}`);
        },
        { timeoutMs: LONG_MS, what: "all clusters to be green", intervalMs: 200 },
      );
      expect(await guardOf()).toBeUndefined();
      expect(machinesIn(world, zone)).toHaveLength(2 * before);
      const [away] = await platform.database.query<{ count: number }>(
        `select count(*)::int as count from instance i join machine m on m.node_name = i.node_name where m.zone <> i.zone`,
      );
      expect(away?.count).toBe(0);

      for (const one of clusters) await untilSucceeded(platform, await purgeCluster(platform, one), LONG_MS);
      await untilNothingIsLeft(platform, LONG_MS);
    }),
);

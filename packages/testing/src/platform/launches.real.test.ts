import { describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 120_000;
/** Both would do for an instance of 4 GiB, by the catalogue. */
const MACHINE_TYPES = ["m7i.large", "m7i.xlarge"];

/** Types of the machines that EC2 gave, in order. */
const launched = async ({ database }: Platform): Promise<string[]> => {
  const rows = await database.query<{ type: string }>(
    "select machine_type as type from launch where outcome = 'launched' order by created_at",
  );
  return rows.map(({ type }) => type);
};

// Each on a world of its own, beside each other: kube-scheduler is given ten seconds before its refusal counts.
describe.concurrent("machines that offer less than the catalogue says", { timeout: 4 * LONG_MS }, () => {
  it("cost one launch: what the first was seen to offer chooses the second", () =>
    withPlatform({ machineTypes: MACHINE_TYPES }, async (platform, world) => {
      // 4016 MiB are left of what should be 6468 and more.
      world.simulated.world.ec2.faults.setMissingMemory("m7i.large", 3300);
      const cluster = await createTestCluster(platform, "learnt", { size: "4g", instances: 1 });
      await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
      expect(await launched(platform)).toEqual(["m7i.large", "m7i.xlarge"]);
      // The next one does not pay for it again.
      const next = await createTestCluster(platform, "next", { size: "4g", instances: 1 });
      await untilSucceeded(platform, next.current_operation?.id ?? "", LONG_MS);
      expect((await launched(platform)).filter((type) => type === "m7i.large")).toHaveLength(1);
    }));

  it("are launched three times at most where nothing can be learnt of them, until an operator changes a pool", () =>
    withPlatform({ machineTypes: MACHINE_TYPES }, async (platform, world) => {
      const { ec2 } = world.simulated.world;
      // Less than half of what it should be: a broken machine, by which no type is judged.
      ec2.faults.setMissingMemory("m7i.large", 4000);
      const cluster = await createTestCluster(platform, "unsatisfiable", { size: "4g", instances: 1 });
      const params = { cluster_id: cluster.id };
      const guards = async () => {
        const [kube] = await platform.database.query<{ names: string[] }>(
          "select array(select jsonb_array_elements(waiting_for) ->> 'name') as names from kube",
        );
        return kube?.names ?? [];
      };
      const quarantined = async () => (await guards()).includes("launch_quarantined");
      await waitFor(quarantined, { timeoutMs: LONG_MS, what: "the quarantine", intervalMs: 100 });
      expect(await launched(platform)).toEqual(["m7i.large", "m7i.large", "m7i.large"]);

      // Said to the operator with the decision, and to the tenant in words.
      const refusals = { query: { cluster_id: cluster.id, outcome: "refused" } } as const;
      const refusal = async () => (await platform.operator.listPlacementDecisions(refusals)).body.data[0];
      const decision = { params: { decision_id: (await refusal())?.id ?? "" } };
      const { body: refused } = await platform.operator.getPlacementDecision(decision);
      expect(refused.reasons).toContain("launch_quarantined");
      const told = async () => {
        const { body } = await platform.customer.getCluster({ params });
        return body?.status.waiting_for.some(({ name, hint }) => name === "no_capacity" && hint.includes("come up"));
      };
      await waitFor(told, { timeoutMs: LONG_MS, what: "the tenant to be told", intervalMs: 100 });

      // A further look launches nothing.
      const before = (await refusal())?.last_seen_at;
      await platform.database.query("update kube set next_check_at = now(), wakes = wakes + 1");
      const looked = async () => (await refusal())?.last_seen_at !== before;
      await waitFor(looked, { timeoutMs: LONG_MS, what: "a further look", intervalMs: 100 });
      expect(ec2.describeInstances({}).items).toHaveLength(3);

      const [pool] = (await platform.operator.listPools({ query: {} })).body.data;
      const body = { machine_types: ["m7i.xlarge"] };
      await platform.operator.updatePool({ params: { pool_id: pool?.id ?? "" }, body });
      await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
      expect((await launched(platform)).slice(3)).toEqual(["m7i.xlarge"]);
      await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
      await untilNothingIsLeft(platform, LONG_MS);
    }));
});

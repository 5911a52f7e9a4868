import { expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 180_000;

interface Row {
  readonly id: string;
  readonly state: string;
  readonly nodeName: string;
  readonly instanceId: string;
  readonly guards: readonly string[];
}

const machines = ({ database }: Platform) =>
  database.query<Row>(
    `select id, state, node_name as "nodeName", cloud_instance_id as "instanceId",
            array(select jsonb_array_elements(waiting_for) ->> 'name') as guards from machine order by id`,
  );

/** The machines, once they are as wanted. */
function untilMachines(platform: Platform, what: string, wanted: (rows: readonly Row[]) => boolean) {
  return waitFor(
    async () => {
      const rows = await machines(platform);
      if (wanted(rows)) return rows;
      throw new Error(JSON.stringify(rows));
    },
    { timeoutMs: LONG_MS, what, intervalMs: 50 },
  );
}

it(
  "a kube that does not answer keeps no machine from its end, and gets its leftovers removed when it is back",
  () =>
    withPlatform({}, async (platform, world) => {
      const { ec2, kubernetes } = world.simulated.world;
      const stateOf = (instanceId: string) =>
        ec2.describeInstances({}).items.find(({ instance }) => instance.id === instanceId)?.state;
      const lookAt = (...ids: readonly string[]) =>
        platform.database.query("update machine set next_check_at = now(), wakes = wakes + 1 where id = any($1)", [
          ids,
        ]);
      const nodes = () => kubernetes.objects("Node").map(({ metadata }) => metadata.name);
      const tokens = () =>
        kubernetes
          .objects("Secret", "kube-system")
          .filter(({ metadata }) => metadata.name.startsWith("bootstrap-token-"))
          .map(({ metadata }) => metadata.labels?.["berth.dev/machine"]);

      // Two machines with pods that run, and one that never boots.
      ec2.faults.neverBootNext();
      const cluster = await createTestCluster(platform, "orphaned");
      await waitFor(() => world.engines().length === 2, { timeoutMs: LONG_MS, what: "two engines to run" });
      const before = await untilMachines(platform, "two ready machines", (rows) =>
        rows.every(({ state, instanceId }) => (state === "ready" || state === "booting") && instanceId !== null),
      );
      const [kept, dying] = before.filter(({ state }) => state === "ready");
      const [late] = before.filter(({ state }) => state === "booting");
      if (kept === undefined || dying === undefined || late === undefined) throw new Error(JSON.stringify(before));

      kubernetes.faults.refuse({ code: 503 });
      ec2.faults.terminateBehindOurBack(dying.instanceId);
      await platform.database.query("update machine set launched_at = now() - interval '16 minutes' where id = $1", [
        late.id,
      ]);
      await lookAt(kept.id, dying.id, late.id);
      const during = await untilMachines(
        platform,
        "two to have ended",
        (rows) =>
          [kept, dying, late].every(({ id }) =>
            rows.find((row) => row.id === id)?.guards.includes("kube_unreachable"),
          ) && rows.filter(({ state }) => state === "terminated").length === 2,
      );
      expect(during.find(({ id }) => id === kept.id)?.state).toBe("ready");
      expect([kept, dying, late].map(({ instanceId }) => stateOf(instanceId))).toEqual([
        "running",
        "terminated",
        "terminated",
      ]);
      expect(nodes()).toContain(dying.nodeName);
      expect(tokens()).toEqual([late.id]);

      kubernetes.faults.clear();
      for (const table of ["kube", "cluster"])
        await platform.database.query(`update ${table} set next_check_at = now(), wakes = wakes + 1`);
      await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
      await untilMachines(platform, "no machine to wait for the kube", (rows) =>
        rows.every(({ guards }) => !guards.includes("kube_unreachable")),
      );
      expect(nodes()).toContain(kept.nodeName);
      expect(nodes()).not.toContain(dying.nodeName);
      expect(tokens()).not.toContain(late.id);
      await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
      await untilNothingIsLeft(platform, LONG_MS);
    }),
  4 * LONG_MS,
);

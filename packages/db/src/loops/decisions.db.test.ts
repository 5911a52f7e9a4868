import type { ClusterId, DecisionId, InstanceId, KubeId } from "@berth/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { forgetOldDecisions } from "../decisions.ts";
import { insertCluster } from "../insert-cluster.ts";
import { acquireLease } from "../leases.ts";
import { makeKube, makeTenant, newCluster, type Tenant } from "../testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "../testing/migrated-database.ts";
import { sqlTransaction } from "../transaction.ts";
import { clusterStore } from "./clusters.ts";
import { placementStore } from "./placement.ts";
import type { HeldLease, NewDecision } from "./types.ts";

let db: OpenTestDatabase;
let tenant: Tenant;
let kubeId: KubeId;
let lease: HeldLease;
let clusterId: ClusterId;
let instanceId: InstanceId;
beforeAll(async () => {
  db = await openMigratedDatabase();
  tenant = await makeTenant(db, { maxClusters: 100 });
  ({ kubeId } = await makeKube(db, tenant.organizationId));
  const held = await acquireLease(db.worker, `kube/${kubeId}`, "test", 60_000);
  if (held === undefined) throw new Error("nobody else holds it");
  lease = held;
});
afterAll(() => db.close());
beforeEach(async () => {
  const cluster = await newCluster(tenant, kubeId);
  clusterId = cluster.id;
  await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
  const [row] = await db.owner.query<{ id: InstanceId }>("select id from instance where cluster_id = $1", [clusterId]);
  if (row === undefined) throw new Error("a cluster has instances");
  instanceId = row.id;
});

/** As a worker that has just started does: nothing is remembered between two calls. */
const record = (...decisions: Partial<NewDecision>[]) =>
  placementStore(db.worker.pool).recordPlan(
    lease,
    kubeId,
    [],
    decisions.map((over) => ({
      id: ids.next("decision"),
      organizationId: tenant.organizationId,
      clusterId,
      instanceId,
      podUid: clusterId,
      outcome: "refused",
      nodeName: undefined,
      machineId: undefined,
      candidates: [],
      considered: 0,
      refusals: [],
      reasons: [],
      ...over,
    })),
  );
const stored = () =>
  db.owner.query<{ id: DecisionId; outcome: string; candidates: object[]; seen: boolean }>(
    `select id, outcome, candidates, last_seen_at > created_at as seen from placement_decision
      where cluster_id = $1 order by last_seen_at, id`,
    [clusterId],
  );

describe("decisions", () => {
  it("keep one refusal a pod, with the candidates of the last look", async () => {
    const full = [{ target: "mac-1", rejection: { kind: "no_room" } }];
    const gone = [{ target: "mac-2", rejection: { kind: "closed", because: "pool_full" } }];
    await record({ candidates: full });
    const [first] = await stored();
    expect(first).toMatchObject({ candidates: full, seen: false });
    await record({ candidates: full });
    expect(await stored()).toEqual([{ ...first, seen: true }]);
    await record({ candidates: gone });
    expect(await stored()).toEqual([{ ...first, candidates: gone, seen: true }]);
    await record({ podUid: `another of ${clusterId}`, candidates: full });
    expect((await stored()).map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
  });

  it("are ordered by when they last held: a refusal after a place that came to nothing is the last", async () => {
    await record({});
    await record({ outcome: "placed", nodeName: "mac-1" });
    await record({});
    expect((await stored()).map(({ outcome }) => outcome)).toEqual(["placed", "refused"]);
  });

  it("tell the clusters loop of an instance without a place, until it has one", async () => {
    const seen = async () => {
      const cluster = await clusterStore(db.worker.pool, ids).find(clusterId);
      return cluster?.instances.find(({ id }) => id === instanceId)?.refusal;
    };
    expect(await seen()).toBeUndefined();
    await record({ reasons: ["pool_full"] });
    expect(await seen()).toEqual({ podUid: clusterId, reasons: ["pool_full"] });
    await record({ outcome: "placed", nodeName: "mac-1" });
    expect(await seen()).toBeUndefined();
  });

  it("of an instance are twenty at most, beside the one that holds", async () => {
    const holds = ids.next("decision");
    await record({ id: holds, outcome: "placed", nodeName: "mac-1" });
    for (let pod = 0; pod < 25; pod++) await record({ podUid: `${pod} of ${clusterId}` });
    const left = await stored();
    expect(left).toHaveLength(21);
    expect(left[0]?.id).toBe(holds);
  });

  it("go a week after their cluster", async () => {
    await record({});
    const gone = (days: number) =>
      db.owner.query("update cluster set state = 'deleted', deleted_at = now() - $2 * interval '1 day' where id = $1", [
        clusterId,
        days,
      ]);
    await gone(6);
    expect(await forgetOldDecisions(db.worker)).toBe(0);
    await gone(8);
    expect(await forgetOldDecisions(db.worker)).toBe(1);
    expect(await stored()).toEqual([]);
  });
});

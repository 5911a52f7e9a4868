import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isUniqueViolation } from "./conflicts.ts";
import { insertCluster } from "./insert-cluster.ts";
import { acquireLease, releaseLease } from "./leases.ts";
import { LeaseLost } from "./loops/fenced.ts";
import { type ScopedDatabase, tenantDatabase } from "./scoped.ts";
import { findClusterCa, sealSecret, secretKeeper, storeSecret } from "./secrets.ts";
import { envelope, makeKube, makeTenant, newCluster } from "./testing/fixtures.ts";
import { ids, type OpenTestDatabase, openMigratedDatabase } from "./testing/migrated-database.ts";
import { sqlTransaction } from "./transaction.ts";

let db: OpenTestDatabase;
beforeAll(async () => {
  db = await openMigratedDatabase();
});
afterAll(() => db.close());

async function held(name: string) {
  const lease = await acquireLease(db.worker, name, "w", 60_000);
  if (lease === undefined) throw new Error(`${name} is held by somebody else`);
  return lease;
}

describe("secrets", () => {
  it("are stored by the API, read by the worker, and nowhere in the table as they are", async () => {
    const secret = await sealSecret(envelope, "credential/crd_1", "password", "sésame", undefined);
    await storeSecret(db.owner, secret);
    expect(await secretKeeper(db.worker, envelope).get("credential/crd_1", "password")).toBe("sésame");
    const [row] = await db.owner.query<{ text: string }>("select row_to_json(s)::text as text from secret_value s");
    expect(row?.text).not.toContain(Buffer.from("sésame").toString("hex"));
    await expect(storeSecret(db.owner, secret)).rejects.toSatisfy((error) =>
      isUniqueViolation(error, "secret_value_pkey"),
    );
  });

  it("do not open in another row, whoever copied them there", async () => {
    await storeSecret(db.owner, await sealSecret(envelope, "credential/crd_a", "password", "a's"));
    await db.owner.query(
      "insert into secret_value select 'credential/crd_b', name, organization_id, key_id, wrapped_key, nonce, ciphertext from secret_value where owner = 'credential/crd_a'",
    );
    await expect(secretKeeper(db.worker, envelope).get("credential/crd_b", "password")).rejects.toThrow();
  });

  it("keep the first of several values that race", async () => {
    const keeper = secretKeeper(db.worker, envelope);
    const values = ["one", "two", "three", "four"];
    const lease = await held("cluster/cl_1");
    const kept = await Promise.all(
      values.map((value) => keeper.putOnce(lease, "cluster/cl_1", "ca", value, undefined)),
    );
    expect(new Set(kept).size).toBe(1);
    expect(await keeper.get("cluster/cl_1", "ca")).toBe(kept[0]);
  });

  it("of a cluster stay forgotten, whatever a worker that lost its lease still wants to keep", async () => {
    const keeper = secretKeeper(db.worker, envelope);
    const lease = await held("cluster/cl_2");
    await releaseLease(db.worker, lease);
    await expect(keeper.putOnce(lease, "cluster/cl_2", "ca", "late", undefined)).rejects.toThrow(LeaseLost);
    expect(await keeper.get("cluster/cl_2", "ca")).toBeUndefined();
  });

  it("are replaced and forgotten on request", async () => {
    const keeper = secretKeeper(db.worker, envelope);
    await keeper.put("launch/lch_1", "user_data", "first");
    await keeper.put("launch/lch_1", "user_data", "second");
    expect(await keeper.get("launch/lch_1", "user_data")).toBe("second");
    await keeper.forget("launch/lch_1");
    expect(await keeper.get("launch/lch_1", "user_data")).toBeUndefined();
  });

  it("show the API a cluster's CA certificate, and only of its tenant", async () => {
    const [tenant, other] = [await makeTenant(db), await makeTenant(db)];
    const { kubeId } = await makeKube(db, tenant.organizationId);
    const cluster = await newCluster(tenant, kubeId);
    await sqlTransaction(db.owner, (tx) => insertCluster(tx, ids, cluster));
    const [ours, theirs] = [tenant, other].map(({ organizationId }) =>
      tenantDatabase(db.api, { organizationId, projectIds: [], clusterIds: [] }),
    ) as [ScopedDatabase, ScopedDatabase];
    expect(await findClusterCa(ours, envelope, cluster.id)).toBeUndefined();
    const keeper = secretKeeper(db.worker, envelope);
    const lease = await held(`cluster/${cluster.id}`);
    await keeper.putOnce(lease, `cluster/${cluster.id}`, "ca", "private", tenant.organizationId);
    await keeper.putOnce(lease, `cluster/${cluster.id}`, "ca_cert", "PEM", tenant.organizationId);
    expect(await findClusterCa(ours, envelope, cluster.id)).toBe("PEM");
    expect(await findClusterCa(theirs, envelope, cluster.id)).toBeUndefined();
    expect(await findClusterCa(db.api, envelope, cluster.id)).toBeUndefined();
  });
});

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import {
  type ClusterPlan,
  type KubeId,
  type OrganizationId,
  type PoolId,
  type ProjectId,
  planCluster,
} from "@berth/domain";
import type { KeyProvider } from "@berth/ports";
import { createEnvelope } from "../envelope.ts";
import type { NewCluster } from "../insert-cluster.ts";
import { insertKube } from "../kubes.ts";
import { importOfferings } from "../offerings.ts";
import { insertOrganization, type NewLimits } from "../organizations.ts";
import { insertPool } from "../pools.ts";
import { insertProject } from "../projects.ts";
import { sealSecret } from "../secrets.ts";
import { sqlTransaction, transaction } from "../transaction.ts";
import { ids, type OpenTestDatabase } from "./migrated-database.ts";

/** Wraps as a key service would: another key or context does not unwrap. */
export function testKeyProvider(keyId = "test-key"): KeyProvider {
  const key = randomBytes(32);
  return {
    keyId,
    wrap: async (dataKey, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap: async (wrapped, _keyId, context) => {
      const decipher = createDecipheriv("aes-256-gcm", key, wrapped.subarray(0, 12));
      decipher.setAAD(Buffer.from(context)).setAuthTag(wrapped.subarray(-16));
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
    },
  };
}

export const envelope = createEnvelope(testKeyProvider());
export const by = { actor: "key_test", requestId: "req_test" } as const;

export interface Tenant {
  readonly organizationId: OrganizationId;
  readonly projectId: ProjectId;
}

/** A new organization with one project, made as the API makes it. */
export async function makeTenant(db: OpenTestDatabase, limits: NewLimits = {}): Promise<Tenant> {
  const organizationId = ids.next("organization");
  const projectId = ids.next("project");
  await sqlTransaction(db.owner, async (tx) => {
    await insertOrganization(tx, { id: organizationId, name: `tenant ${organizationId}`, ...limits });
    await insertProject(tx, { id: projectId, organizationId, name: "default" });
  });
  return { organizationId, projectId };
}

/** A kube with one pool and its offerings. */
export async function makeKube(
  db: OpenTestDatabase,
  organizationId: OrganizationId,
  region = "us-east-1",
): Promise<{ readonly kubeId: KubeId; readonly poolId: PoolId }> {
  const kubeId = ids.next("kube");
  const poolId = ids.next("pool");
  const zones = ["a", "b", "c"].map((letter) => region + letter);
  const kubeconfig = await sealSecret(envelope, `kube/${kubeId}`, "kubeconfig", "apiVersion: v1");
  await importOfferings(
    db.worker,
    zones.map((zone) => ({
      region,
      zone,
      machineType: "m7i.large",
      priceMicroUsdPerHour: 100_800,
      vcpu: 2,
      memoryMib: 8192,
      ebsVolumeLimit: 32,
      ebsVolumeLimitType: "dedicated",
      architecture: "x86_64",
    })),
  );
  await transaction(db.operator, async (tx) => {
    await insertKube(tx, ids, {
      id: kubeId,
      name: kubeId,
      region,
      zones,
      isStatic: false,
      simulated: true,
      apiServerUrl: "https://127.0.0.1:6443",
      storageClass: "gp3",
      kubeconfig,
      organizationId,
      ...by,
    });
    await insertPool(tx, ids, {
      id: poolId,
      kubeId,
      name: "general",
      zones,
      machineTypes: ["m7i.large"],
      organizationId,
      ...by,
    });
  });
  return { kubeId, poolId };
}

export function planOf(instances: number, region = "us-east-1"): ClusterPlan {
  const plan = planCluster(
    {
      engine: "elasticsearch",
      version: "8.19.21",
      region,
      components: [
        {
          name: "data",
          roles: ["master", "data"],
          instances,
          size: "1g",
          storageMib: 30_720,
          zones: Math.min(3, instances),
        },
      ],
    },
    new Map([[region, ["a", "b", "c"].map((letter) => region + letter)]]),
    0,
  );
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value;
}

/** A cluster as the API would store it. */
export async function newCluster(tenant: Tenant, kubeId: KubeId, over: Partial<NewCluster> = {}): Promise<NewCluster> {
  const id = ids.next("cluster");
  const credentialId = ids.next("credential");
  return {
    id,
    ...tenant,
    kubeId,
    name: id,
    labels: {},
    deletionProtection: false,
    plan: planOf(3),
    credential: {
      id: credentialId,
      username: "admin",
      role: "customer_admin",
      hint: "abcd",
      password: await sealSecret(envelope, `credential/${credentialId}`, "password", "s3cret", tenant.organizationId),
    },
    ...by,
    ...over,
  };
}

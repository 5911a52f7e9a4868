import { randomUUID } from "node:crypto";
import { createDatabase, createLeases, orphanStore } from "@berth/db";
import { type ClusterId, FIELD_MANAGER, idFromUuid, LABELS, MANAGED_BY, namespaceOf } from "@berth/domain";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { Kubernetes, KubernetesObject } from "@berth/ports";
import { type NamespaceSweepDeps, readOnly, sweepNamespaces } from "@berth/worker";
import { expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, purgeCluster, untilSucceeded } from "./clusters.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";

const LONG_MS = 180_000;

/** Makes a namespace as Berth does for a cluster, with the anchor and, if told to, a claim in it. */
async function makeNamespace(kubernetes: Kubernetes, clusterId: ClusterId, environment: string, withData: boolean) {
  const namespace = namespaceOf(clusterId);
  const labels = {
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.cluster]: clusterId,
    [LABELS.environment]: environment,
  };
  const objects: (KubernetesObject & { readonly spec?: object })[] = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "anchor", namespace, labels } },
  ];
  if (withData) {
    objects.push({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data-data-0", namespace },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "berth",
        resources: { requests: { storage: "1Gi" } },
      },
    });
  }
  for (const object of objects) await kubernetes.apply(object, FIELD_MANAGER);
  return namespace;
}

/** Sweeps as a worker would ten minutes from now. */
async function sweepingLater<T>(
  platform: Platform,
  kubernetes: Kubernetes,
  use: (sweep: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const database = createDatabase({ url: platform.databaseUrl, role: "berth_worker", poolSize: 2 });
  const deps: NamespaceSweepDeps = {
    leases: createLeases(database, { holder: "test" }),
    store: orphanStore(database.pool),
    kubes: { get: async () => readOnly(kubernetes) },
    clock: { now: () => new Date(Date.now() + 600_000) },
    effects: { reached: () => {} },
    environment: "test",
    onOrphans: () => {},
  };
  try {
    return await use(() => sweepNamespaces(deps));
  } finally {
    await database.close();
  }
}

const WHAT =
  "what came back of a deleted cluster goes with its volumes; data without a row, and all that is not ours, stays";

it(WHAT, { timeout: 3 * LONG_MS }, () =>
  withPlatform({}, async (platform, world) => {
    const connection = parseKubeconfig(world.kubeconfig);
    if (!connection.ok) throw new Error(connection.error.detail);
    const kubernetes = createKubernetes(connection.value);
    const has = async (namespace: string) => (await kubernetes.read("Namespace", { name: namespace })) !== undefined;
    const claimsIn = async (namespace: string) =>
      (await kubernetes.list("PersistentVolumeClaim", { namespace })).map(({ metadata }) => metadata.deletionTimestamp);
    try {
      const living = await createTestCluster(platform, "living");
      const deleted = await createTestCluster(platform, "deleted");
      await untilSucceeded(platform, await purgeCluster(platform, deleted), LONG_MS);
      const live = namespaceOf(living.id as ClusterId);
      await waitFor(() => has(live), { timeoutMs: LONG_MS, what: "the living cluster's namespace" });
      const unknown = () => idFromUuid("cluster", randomUUID());
      const back = await makeNamespace(kubernetes, deleted.id as ClusterId, "test", true);
      const data = await makeNamespace(kubernetes, unknown(), "test", true);
      const empty = await makeNamespace(kubernetes, unknown(), "test", false);
      const foreign = await makeNamespace(kubernetes, unknown(), "another", true);

      await sweepingLater(platform, kubernetes, async (sweep) => {
        const areGone = async () => {
          await sweep();
          return !(await has(back)) && !(await has(empty));
        };
        await waitFor(areGone, { timeoutMs: LONG_MS, what: "what is left over to go", intervalMs: 100 });
        await sweep();
      });

      expect(await Promise.all([live, data, foreign].map(has))).toEqual([true, true, true]);
      expect(await Promise.all([back, data, foreign].map(claimsIn))).toEqual([[], [undefined], [undefined]]);
      const { body } = await platform.operator.listKubes({});
      const told = body.data[0]?.status.waiting_for.filter(({ subject }) => subject.startsWith("cl-"));
      expect(told).toMatchObject([{ name: "namespace_without_cluster", subject: data }]);
    } finally {
      kubernetes.close();
    }
  }),
);

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ENGINE_VERSIONS, idFromUuid } from "@berth/domain";
import {
  anchorManifest,
  type ClusterManifestInput,
  createClusterCa,
  hashPassword,
  issueLeaf,
  namespaceManifest,
  ownedManifests,
  userFilesOf,
} from "@berth/kubernetes";
import { waitFor } from "../../wait-for.ts";
import type { KubernetesCase, KubernetesEnv } from "./env.ts";

async function clusterInput(
  env: KubernetesEnv,
  engine: (typeof ENGINE_VERSIONS)[number],
): Promise<ClusterManifestInput> {
  const clusterId = idFromUuid("cluster", randomUUID());
  const ca = await createClusterCa(clusterId, new Date());
  const leaf = await issueLeaf(ca, clusterId, new Date());
  const component = { size: "1g", memoryMib: 1024, cpuMilli: 250, cpuLimitMilli: 1000, storageMib: 1024 };
  return {
    environment: "test",
    clusterId,
    organizationId: idFromUuid("organization", randomUUID()),
    projectId: idFromUuid("project", randomUUID()),
    generation: 1,
    engine,
    components: [
      { ...component, name: "master", roles: ["master"], instances: 3 },
      { ...component, name: "data", roles: ["data", "ingest"], instances: 2 },
      { ...component, name: "query", roles: ["coordinating"], instances: 1 },
    ],
    labels: { team: "search", "example.com/cost-centre": "42" },
    storageClass: env.storageClass,
    initialMasters: ["master-0", "master-1", "master-2"],
    seedAddresses: [],
    tls: { caCertPem: ca.certPem, certPem: leaf.certPem, keyPem: leaf.keyPem },
    userFiles: userFilesOf(engine.engine, await hashPassword("secret")),
    workerAccess: [{ namespaceLabels: { "kubernetes.io/metadata.name": "berth" } }],
    gatewayAccess: [{ namespaceLabels: { "kubernetes.io/metadata.name": "gateway" }, podLabels: { app: "gateway" } }],
    snapshotAccess: [{ cidr: "0.0.0.0/0" }],
  };
}

/** Berth's own manifests before the API server's strict validation, defaulting, Pod Security and quota. */
export const CLUSTER_CASES: readonly KubernetesCase[] = (["elasticsearch", "opensearch"] as const).map((engine) => ({
  name: `a whole cluster of ${engine} is taken, its pods are let in gated, and a second apply changes nothing`,
  run: async (kube, env) => {
    const version = ENGINE_VERSIONS.find((each) => each.engine === engine);
    if (version === undefined) throw new Error(`no version of ${engine}`);
    const input = await clusterInput(env, version);
    const namespace = await kube.apply(namespaceManifest(input), "berth");
    const anchor = await kube.apply(anchorManifest(input), "berth");
    const objects = ownedManifests(input, { uid: anchor.metadata.uid ?? "" }, "unknown");
    // Service account and quota controllers may need a moment in a new namespace.
    const first = new Map<string, string | undefined>();
    for (const object of objects) {
      const applied = await kube.apply(object, "berth");
      first.set(`${object.kind}/${object.metadata.name}`, applied.metadata.uid);
    }
    const pods = await waitFor(
      async () => {
        const found = await kube.list("Pod", { namespace: namespace.metadata.name });
        return found.length === 6 ? found : undefined;
      },
      { timeoutMs: env.patienceMs, what: "six pods to be let in by Pod Security and quota" },
    );
    assert.ok(pods.every((pod) => pod.spec.schedulingGates?.[0]?.name === "berth.dev/placement"));
    assert.ok(pods.every((pod) => pod.spec.affinity !== undefined));

    for (const object of objects) {
      const key = `${object.kind}/${object.metadata.name}`;
      await waitFor(
        async () => {
          // A status written between the two calls moves the version: then the pair is taken again.
          const before = await kube.apply(object, "berth");
          const after = await kube.apply(object, "berth");
          assert.equal(after.metadata.uid, first.get(key), key);
          assert.equal(after.metadata.generation, before.metadata.generation, key);
          return after.metadata.resourceVersion === before.metadata.resourceVersion;
        },
        { timeoutMs: env.patienceMs, what: `${key} to keep its version` },
      );
    }
  },
}));

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineName, namespaceOf } from "@berth/domain";
import { createEngine } from "@berth/engine";
import {
  anchorManifest,
  createKubernetes,
  namespaceManifest,
  ownedManifests,
  parseKubeconfig,
  seedHostsManifest,
} from "@berth/kubernetes";
import type { Kubernetes, Pod } from "@berth/ports";
import { startControlPlane } from "../control-plane/start.ts";
import { startProcessKubelet } from "../process-kubelet/start-process-kubelet.ts";
import { startVolumeProvisioner } from "../process-kubelet/volume-provisioner.ts";
import { waitFor } from "../wait-for.ts";
import { ENGINE_CASES } from "./engine.ts";
import { engineEnvOf, engineManifestInput } from "./engine-cluster.ts";
import { liftGate } from "./kubernetes/env.ts";
import { runConformance } from "./run-suite.ts";

/** The newest versions whose security runs here; OpenSearch 3.6 has no security plugin on Maven Central. */
const VERSIONS: readonly (readonly [EngineName, string])[] = [
  ["elasticsearch", "8.19.21"],
  ["elasticsearch", "9.5.3"],
  ["opensearch", "2.19.4"],
];
const ZONES = ["zone-0", "zone-1", "zone-2"] as const;
const FORMATION_MS = 240_000;

/**
 * The manifests that Berth applies, through the real API server, to real engine processes: what the suite finds there is
 * what a cluster of a customer would do.
 */
for (const [index, [engineName, version]] of VERSIONS.entries()) {
  runConformance(`${engineName} ${version}`, ENGINE_CASES, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "berth-engine-conformance-"));
    const controlPlane = await startControlPlane({ dataDir: join(dataDir, "control-plane") });
    const kubeconfig = controlPlane.adminKubeconfig;
    const parsed = parseKubeconfig(kubeconfig);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    const kube = createKubernetes(parsed.value);
    const volumes = await startVolumeProvisioner({ kubeconfig, dataDir: join(dataDir, "volumes"), zones: ZONES });
    const kubelets = await Promise.all(
      ZONES.map((zone, node) =>
        startProcessKubelet({
          kubeconfig,
          nodeName: `mac-${node}`,
          podAddressPrefix: `127.8${index}.${node}`,
          dataDir: join(dataDir, `node-${node}`),
          zone,
          machineType: "m7i.2xlarge",
          allocatable: { cpuMilli: 8000, memoryMib: 32_768, pods: 20, volumes: 20 },
          labels: {},
          taints: [],
        }),
      ),
    );
    const { input, target } = await engineManifestInput(engineName, version, "gp3");
    const namespace = namespaceOf(input.clusterId);
    await kube.apply(namespaceManifest(input), "berth");
    const anchor = await kube.apply(anchorManifest(input), "berth");
    const owner = { uid: anchor.metadata.uid ?? "" };
    for (const object of ownedManifests(input, owner, "unknown")) await kube.apply(object, "berth");

    const pods = await placedPods(kube, namespace);
    const addresses = pods.map((pod) => pod.status?.podIP ?? "");
    await kube.apply(seedHostsManifest({ ...input, seedAddresses: addresses }, owner), "berth");
    const port = createEngine();
    const reached = { ...target, addresses };
    await waitFor(
      async () => {
        await port.putCustomerRoles(reached);
        return (await port.health(reached)).nodes === 3;
      },
      { timeoutMs: FORMATION_MS, what: `three nodes of ${engineName} ${version} to form a cluster`, intervalMs: 1000 },
    );
    const nodes = pods.map((pod) => ({ name: pod.metadata.name }));
    const env = engineEnvOf({ namespace, nodes, target: reached }, `127.8${index}.9.9`, 60_000);
    return {
      port,
      env,
      close: async () => {
        await port.close();
        await env.close();
        await Promise.all(kubelets.map((kubelet) => kubelet.stop()));
        await volumes.stop();
        kube.close();
        await controlPlane.stop();
        rmSync(dataDir, { recursive: true });
      },
    };
  });
}

/** Lifts the gates, instance i on node i, and waits until each pod has its address. */
async function placedPods(kube: Kubernetes, namespace: string): Promise<Pod[]> {
  const placed: Pod[] = [];
  for (const [ordinal, zone] of ZONES.entries()) {
    const key = { namespace, name: `data-${ordinal}` };
    const wait = { timeoutMs: 60_000, what: `${key.name} to be placed` };
    await waitFor(async () => {
      const pod = await kube.read("Pod", key);
      return pod !== undefined && (await liftGate(kube, pod, `mac-${ordinal}`, zone));
    }, wait);
  }
  for (const ordinal of ZONES.keys()) {
    const wait = { timeoutMs: 120_000, what: `data-${ordinal} to have an address` };
    const addressed = await waitFor(async () => {
      const pod = await kube.read("Pod", { namespace, name: `data-${ordinal}` });
      return pod?.status?.podIP !== undefined && pod;
    }, wait);
    placed.push(addressed);
  }
  return placed;
}

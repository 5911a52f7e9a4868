import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createKubernetes,
  type KubeConnection,
  type KubernetesOptions,
  parseKubeconfig,
  storageClassManifest,
} from "@berth/kubernetes";
import { Agent, fetch } from "undici";
import { startControlPlane } from "../control-plane/start.ts";
import { startHollowKubelet } from "./hollow-kubelet.ts";
import { KUBERNETES_CASES } from "./kubernetes/index.ts";
import { runConformance } from "./run-suite.ts";

const PROVISIONER = "hollow.berth.dev";

runConformance("the real Kubernetes control plane", KUBERNETES_CASES, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "berth-conformance-"));
  const controlPlane = await startControlPlane({ dataDir });
  const parsed = parseKubeconfig(controlPlane.adminKubeconfig);
  if (!parsed.ok) throw new Error(parsed.error.detail);
  const connect = (options: KubernetesOptions = {}) => createKubernetes(parsed.value, options);
  const port = connect();
  const storageClass = storageClassManifest({
    name: "hollow",
    provisioner: PROVISIONER,
    reclaim: "Retain",
    parameters: {},
  });
  await port.apply(storageClass, "berth");
  const admin = parsed.value.credentials;
  if (admin.kind !== "certificate") throw new Error("the harness gives its admin a certificate");
  const dispatcher = new Agent({
    connect: { ca: controlPlane.caCertPem, cert: admin.certPem, key: admin.keyPem },
  });
  const headers = { accept: "application/json" };
  const kubelet = await startHollowKubelet(controlPlane.api, PROVISIONER);
  return {
    port,
    env: {
      patienceMs: 30_000,
      storageClass: storageClass.metadata.name,
      addNode: kubelet.addNode,
      connect,
      asToken: (token) => {
        const connection: KubeConnection = { ...parsed.value, credentials: { kind: "token", token } };
        return createKubernetes(connection);
      },
      rawGet: async (path) => (await fetch(`${controlPlane.apiServerUrl}${path}`, { dispatcher, headers })).text(),
    },
    close: async () => {
      port.close();
      await dispatcher.close();
      await kubelet.close();
      await controlPlane.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
});

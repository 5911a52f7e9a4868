import type { KubeApi } from "../control-plane/kube-api.ts";
import { waitFor } from "../wait-for.ts";

const GROUP = "metrics.k8s.io";
const VERSION = "v1beta1";

/**
 * The Metrics API of a real API server without a metrics-server: its PodMetrics as custom resources, one for each pod that
 * runs. What they say is made up; paths, selectors and form are the API server's.
 */
export async function serveHollowMetrics(api: KubeApi): Promise<{ measure(): Promise<void> }> {
  const made = await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: {
      name: `pods.${GROUP}`,
      // Groups of Kubernetes itself ask for a word on why this may be here.
      annotations: { "api-approved.kubernetes.io": "unapproved, stands in for metrics-server in a test" },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { plural: "pods", singular: "pod", kind: "PodMetrics", listKind: "PodMetricsList" },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  });
  if (made.status !== 201) throw new Error(`PodMetrics: ${JSON.stringify(made.body)}`);
  const collection = `/apis/${GROUP}/${VERSION}`;
  const isServed = async () => (await api.get(`${collection}/pods`)).status === 200;
  await waitFor(isServed, { timeoutMs: 30_000, what: "the Metrics API to be served" });

  return {
    measure: async () => {
      const [{ body: pods }, { body: known }] = await Promise.all([
        api.get("/api/v1/pods"),
        api.get(`${collection}/pods`),
      ]);
      const keyOf = ({ metadata }: { metadata: { namespace: string; name: string } }) =>
        `${metadata.namespace}/${metadata.name}`;
      const measured = new Set(known.items.map(keyOf));
      for (const pod of pods.items) {
        if (pod.status.phase !== "Running" || measured.has(keyOf(pod))) continue;
        const { namespace, name, labels } = pod.metadata;
        await api.post(`${collection}/namespaces/${namespace}/pods`, {
          apiVersion: `${GROUP}/${VERSION}`,
          kind: "PodMetrics",
          metadata: { name, labels },
          timestamp: new Date().toISOString(),
          window: "15s",
          containers: pod.spec.containers.map((container: { name: string }) => ({
            name: container.name,
            usage: { cpu: "12345678n", memory: "32768Ki" },
          })),
        });
      }
    },
  };
}

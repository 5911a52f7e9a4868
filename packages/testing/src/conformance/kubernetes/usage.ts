import assert from "node:assert/strict";
import { waitFor } from "../../wait-for.ts";
import { type KubernetesCase, newNamespace, pod, unique, untilReady } from "./env.ts";

export const USAGE_CASES: readonly KubernetesCase[] = [
  {
    name: "what a running pod uses is told by its label, and of one that is gated nothing",
    run: async (kube, env) => {
      await env.addNode({ name: unique("mac"), zone: "zone-a", cpu: "8", memory: "32Gi" });
      const namespace = (await newNamespace(kube)).metadata.name;
      const app = unique("used");
      await kube.create(pod(namespace, "runs", { labels: { app } }));
      await kube.create(pod(namespace, "other", { labels: { app: "other" } }));
      await kube.create(pod(namespace, "gated", { labels: { app }, gated: true }));
      await untilReady(kube, env, namespace, "runs");
      await untilReady(kube, env, namespace, "other");
      const usages = await waitFor(
        async () => {
          const told = await kube.podUsage({ labelSelector: `app=${app}` });
          return told !== undefined && told.length > 0 ? told : undefined;
        },
        { timeoutMs: env.patienceMs, what: "what the pod uses" },
      );
      assert.deepEqual(
        usages.map(({ name, namespace: of }) => [of, name]),
        [[namespace, "runs"]],
      );
      const [usage] = usages;
      assert.ok(usage !== undefined && Number.isInteger(usage.cpuMilli) && usage.cpuMilli >= 0);
      assert.ok(usage.memoryMib > 0 && usage.memoryMib <= 64, `${usage.memoryMib} MiB of the 64 that are its limit`);
      assert.ok(Math.abs(Date.now() - usage.measuredAt.getTime()) < 5 * 60_000);
    },
  },
];

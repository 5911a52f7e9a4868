import assert from "node:assert/strict";
import {
  isPortError,
  type Kubernetes,
  type PersistentVolume,
  type PlainObject,
  type Pod,
  type StatefulSet,
} from "@berth/ports";
import { waitFor } from "../../wait-for.ts";
import {
  GATE,
  type KubernetesCase,
  type KubernetesEnv,
  liftGate,
  mustRead,
  newNamespace,
  placeOn,
  pod,
  podSpec,
  unique,
  untilGone,
  untilReady,
} from "./env.ts";

const ZONE = "zone-a";

async function addNode(env: KubernetesEnv, zone = ZONE): Promise<string> {
  const name = unique("mac");
  await env.addNode({ name, zone, cpu: "8", memory: "32Gi" });
  return name;
}

function statefulSet(
  namespace: string,
  env: KubernetesEnv,
  over: { replicas?: number; image?: string } = {},
): StatefulSet {
  const labels = { app: "data" };
  const spec = podSpec({ gated: true, claim: "data" }) as { containers: { image: string }[]; volumes: unknown };
  const [container] = spec.containers;
  if (container !== undefined) container.image = over.image ?? "example.com/image:1";
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "data", namespace },
    spec: {
      replicas: over.replicas ?? 3,
      serviceName: "nodes",
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, volumes: [] } },
      volumeClaimTemplates: [
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            storageClassName: env.storageClass,
            resources: { requests: { storage: "1Gi" } },
          },
        },
      ],
    },
  };
}

/** The volume of a StatefulSet's only pod, which runs; it is kept when its claim goes. */
async function keptVolume(kube: Kubernetes, env: KubernetesEnv) {
  const { metadata } = await newNamespace(kube);
  const namespace = metadata.name;
  const node = await addNode(env);
  await kube.apply(statefulSet(namespace, env, { replicas: 1 }), "berth");
  const [one] = await untilPods(kube, env, namespace, 1);
  if (one === undefined) throw new Error("untilPods gave one");
  await placeOn(kube, env, one, node, ZONE);
  await untilReady(kube, env, namespace, "data-0");
  const claim = await kube.read("PersistentVolumeClaim", { namespace, name: "data-data-0" });
  const volume = await kube.patch("PersistentVolume", { name: claim?.spec.volumeName ?? "" }, [
    { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Retain" },
  ]);
  return { namespace, volume };
}

async function untilPhase(kube: Kubernetes, env: KubernetesEnv, volume: PersistentVolume, phase: string) {
  const { name } = volume.metadata;
  const isThere = async () => (await kube.read("PersistentVolume", { name }))?.status?.phase === phase;
  await waitFor(isThere, { timeoutMs: env.patienceMs, what: `the volume to be ${phase}` });
}

/** The one patch by which Berth gives a volume back to a claim that was deleted and is to be made again. */
function giveBack(kube: Kubernetes, { metadata, spec }: PersistentVolume): Promise<PersistentVolume> {
  return kube.patch("PersistentVolume", { name: metadata.name }, [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: "/spec/claimRef/namespace", value: spec.claimRef?.namespace },
    { op: "test", path: "/spec/claimRef/uid", value: spec.claimRef?.uid },
    { op: "test", path: "/spec/persistentVolumeReclaimPolicy", value: "Retain" },
    { op: "test", path: "/status/phase", value: "Released" },
    { op: "remove", path: "/spec/claimRef/uid" },
  ]);
}

async function untilPods(kube: Kubernetes, env: KubernetesEnv, namespace: string, count: number): Promise<Pod[]> {
  return await waitFor(
    async () => {
      const pods = await kube.list("Pod", { namespace });
      return pods.length === count ? pods : undefined;
    },
    { timeoutMs: env.patienceMs, what: `${count} pods` },
  );
}

function budget(namespace: string, name: string, maxUnavailable: number): PlainObject {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace },
    spec: { maxUnavailable, selector: { matchLabels: { app: "data" } } },
  };
}

/** Gates, placement, StatefulSets, claims, budgets. */
export const WORKLOAD_CASES: readonly KubernetesCase[] = [
  {
    name: "a gated pod is not scheduled, and binds to the node named by the patch that lifts the gate",
    run: async (kube, env) => {
      await addNode(env);
      const wanted = await addNode(env);
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      const gated = await waitFor(
        async () => {
          const found = await mustRead(kube, made);
          return found.status?.conditions?.some(({ reason }) => reason === "SchedulingGated") ? found : undefined;
        },
        { timeoutMs: env.patienceMs, what: "the pod to be seen gated" },
      );
      assert.equal(gated.spec.nodeName, undefined);
      const lifted = await placeOn(kube, env, made, wanted, ZONE);
      assert.deepEqual(lifted.spec.schedulingGates ?? [], []);
      const ready = await untilReady(kube, env, metadata.name, "one");
      assert.equal(ready.spec.nodeName, wanted);
      assert.equal(ready.metadata.labels?.["topology.kubernetes.io/zone"], ZONE);
      assert.match(ready.status?.podIP ?? "", /^\d+\.\d+\.\d+\.\d+$/);
    },
  },
  {
    name: "a pod waits for a node that comes later, though others have room",
    run: async (kube, env) => {
      await addNode(env);
      const wanted = unique("mac");
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      await placeOn(kube, env, made, wanted, ZONE);
      await waitFor(
        async () => {
          const { conditions } = (await mustRead(kube, made)).status ?? {};
          return conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable");
        },
        { timeoutMs: env.patienceMs, what: "the pod to be found unschedulable" },
      );
      await env.addNode({ name: wanted, zone: ZONE, cpu: "8", memory: "32Gi" });
      assert.equal((await untilReady(kube, env, metadata.name, "one")).spec.nodeName, wanted);
    },
  },
  {
    name: "a gate cannot be put back, and a lifted pod's affinity cannot be changed",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      await placeOn(kube, env, made, unique("mac"), ZONE);
      const back = { op: "add", path: "/spec/schedulingGates", value: [{ name: GATE }] } as const;
      await assert.rejects(kube.patch("Pod", made.metadata, [back]), (error) => isPortError(error, "invalid"));
      const elsewhere = {
        op: "replace",
        path: "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0",
        value: "mac-other",
      } as const;
      await assert.rejects(kube.patch("Pod", made.metadata, [elsewhere]), (error) => isPortError(error, "invalid"));
    },
  },
  {
    name: "the gate patch for another pod of that name, or an older version, is a conflict and leaves the pod gated",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      const stale = { ...made, metadata: { ...made.metadata, uid: "00000000-0000-4000-8000-000000000000" } };
      const lift = kube.patch("Pod", made.metadata, [
        { op: "test", path: "/metadata/uid", value: stale.metadata.uid },
        { op: "replace", path: "/spec/schedulingGates", value: [] },
      ]);
      await assert.rejects(lift, (error) => isPortError(error, "conflict"));
      assert.deepEqual((await mustRead(kube, made)).spec.schedulingGates, [{ name: GATE }]);
      await waitFor(() => liftGate(kube, made, unique("mac"), ZONE), { timeoutMs: env.patienceMs, what: "the patch" });
    },
  },
  {
    name: "a Parallel StatefulSet makes all its gated pods and claims at once",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      await kube.apply(statefulSet(metadata.name, env), "berth");
      const pods = await untilPods(kube, env, metadata.name, 3);
      assert.deepEqual(pods.map((each) => each.metadata.name).sort(), ["data-0", "data-1", "data-2"]);
      const claims = await kube.list("PersistentVolumeClaim", { namespace: metadata.name });
      assert.deepEqual(claims.map((each) => each.metadata.name).sort(), ["data-data-0", "data-data-1", "data-data-2"]);
      assert.ok(claims.every((each) => each.status?.phase === "Pending"));
      assert.deepEqual(pods[0]?.spec.schedulingGates, [{ name: GATE }]);
    },
  },
  {
    name: "an OnDelete StatefulSet replaces a pod only when it is deleted, gated again and with the new template",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const node = await addNode(env);
      await kube.apply(statefulSet(metadata.name, env, { replicas: 1 }), "berth");
      const [first] = await untilPods(kube, env, metadata.name, 1);
      if (first === undefined) throw new Error("untilPods gave one");
      await placeOn(kube, env, first, node, ZONE);
      await untilReady(kube, env, metadata.name, "data-0");
      await kube.apply(statefulSet(metadata.name, env, { replicas: 1, image: "example.com/image:2" }), "berth");
      await waitFor(
        async () => {
          const set = await kube.read("StatefulSet", { namespace: metadata.name, name: "data" });
          return set?.status?.observedGeneration === set?.metadata.generation;
        },
        { timeoutMs: env.patienceMs, what: "the controller to see the new template" },
      );
      assert.equal((await mustRead(kube, first)).metadata.uid, first.metadata.uid);
      await kube.delete("Pod", first.metadata, { uid: first.metadata.uid ?? "" });
      const second = await waitFor(
        async () => {
          const found = await kube.read("Pod", first.metadata);
          return found !== undefined && found.metadata.uid !== first.metadata.uid ? found : undefined;
        },
        { timeoutMs: env.patienceMs, what: "the pod to come back" },
      );
      assert.deepEqual(second.spec.schedulingGates, [{ name: GATE }]);
      assert.equal(second.spec.containers[0]?.image, "example.com/image:2");
    },
  },
  {
    name: "a claim waits for its pod's node, is bound in that zone, and outlives the StatefulSet",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const zone = unique("zone");
      const node = await addNode(env, zone);
      const set = await kube.apply(statefulSet(metadata.name, env, { replicas: 1 }), "berth");
      const [one] = await untilPods(kube, env, metadata.name, 1);
      if (one === undefined) throw new Error("untilPods gave one");
      const key = { namespace: metadata.name, name: "data-data-0" };
      assert.equal((await kube.read("PersistentVolumeClaim", key))?.status?.phase, "Pending");
      await placeOn(kube, env, one, node, zone);
      await untilReady(kube, env, metadata.name, "data-0");
      const claim = await kube.read("PersistentVolumeClaim", key);
      assert.equal(claim?.status?.phase, "Bound");
      const volume = await kube.read("PersistentVolume", { name: claim?.spec.volumeName ?? "" });
      assert.equal(volume?.spec.claimRef?.uid, claim?.metadata.uid);
      assert.ok(JSON.stringify(volume?.spec.nodeAffinity).includes(zone));
      await kube.delete("StatefulSet", set.metadata, { uid: set.metadata.uid ?? "", propagation: "Foreground" });
      await untilGone(env, "the StatefulSet", () => kube.read("StatefulSet", set.metadata));
      assert.deepEqual(await kube.list("Pod", { namespace: metadata.name }), []);
      const after = await kube.read("PersistentVolumeClaim", key);
      assert.equal(after?.metadata.uid, claim?.metadata.uid);
      assert.equal(after?.status?.phase, "Bound");
    },
  },
  {
    name: "a volume's reclaim policy can be changed on the volume",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const node = await addNode(env);
      await kube.apply(statefulSet(metadata.name, env, { replicas: 1 }), "berth");
      const [one] = await untilPods(kube, env, metadata.name, 1);
      if (one === undefined) throw new Error("untilPods gave one");
      await placeOn(kube, env, one, node, ZONE);
      await untilReady(kube, env, metadata.name, "data-0");
      const claim = await kube.read("PersistentVolumeClaim", { namespace: metadata.name, name: "data-data-0" });
      const patched = await kube.patch("PersistentVolume", { name: claim?.spec.volumeName ?? "" }, [
        { op: "test", path: "/spec/claimRef/uid", value: claim?.metadata.uid },
        { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
      ]);
      assert.equal(patched.spec.persistentVolumeReclaimPolicy, "Delete");
    },
  },
  {
    name: "a kept volume outlives its namespace, and without its claim's uid is bound by the next claim of that name, before any pod",
    run: async (kube, env) => {
      const { namespace, volume } = await keptVolume(kube, env);
      const found = await kube.read("Namespace", { name: namespace });
      await kube.delete("Namespace", { name: namespace }, { uid: found?.metadata.uid ?? "" });
      await untilGone(env, "the namespace", () => kube.read("Namespace", { name: namespace }));
      await untilPhase(kube, env, volume, "Released");
      const given = await giveBack(kube, volume);
      assert.equal(given.spec.claimRef?.uid, undefined);
      assert.deepEqual([given.spec.claimRef?.namespace, given.spec.claimRef?.name], [namespace, "data-data-0"]);
      await untilPhase(kube, env, volume, "Available");
      await assert.rejects(giveBack(kube, volume), (error: unknown) => isPortError(error, "conflict"));

      await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      await kube.apply(statefulSet(namespace, env, { replicas: 1 }), "berth");
      const bound = await waitFor(
        async () => {
          const claim = await kube.read("PersistentVolumeClaim", { namespace, name: "data-data-0" });
          return claim?.status?.phase === "Bound" ? claim : undefined;
        },
        { timeoutMs: env.patienceMs, what: "the new claim to be bound" },
      );
      assert.equal(bound.spec.volumeName, volume.metadata.name);
      assert.notEqual(bound.metadata.uid, volume.spec.claimRef?.uid);
      const after = await kube.read("PersistentVolume", { name: volume.metadata.name });
      assert.equal(after?.spec.claimRef?.uid, bound.metadata.uid);
    },
  },
  {
    name: "a kept volume without a claim goes when its policy is switched to Delete, one that is reserved once its claim is nobody",
    run: async (kube, env) => {
      const nobody = "00000000-0000-0000-0000-000000000000";
      for (const reserved of [false, true]) {
        const { namespace, volume } = await keptVolume(kube, env);
        const set = await kube.read("StatefulSet", { namespace, name: "data" });
        await kube.delete("StatefulSet", { namespace, name: "data" }, { uid: set?.metadata.uid ?? "" });
        await kube.delete(
          "PersistentVolumeClaim",
          { namespace, name: "data-data-0" },
          { uid: volume.spec.claimRef?.uid ?? "" },
        );
        await untilPhase(kube, env, volume, "Released");
        if (reserved) {
          await giveBack(kube, volume);
          await untilPhase(kube, env, volume, "Available");
        }
        await kube.patch("PersistentVolume", { name: volume.metadata.name }, [
          { op: "test", path: "/metadata/uid", value: volume.metadata.uid },
          ...(reserved ? [{ op: "add", path: "/spec/claimRef/uid", value: nobody } as const] : []),
          { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
        ]);
        await untilGone(env, "the volume", () => kube.read("PersistentVolume", { name: volume.metadata.name }));
      }
    },
  },
  {
    name: "an eviction within the budget is done; one beyond it is blocked by the budget's name",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const namespace = metadata.name;
      const node = await addNode(env);
      for (const name of ["one", "two"]) {
        const made = await kube.create(pod(namespace, name, { gated: true, labels: { app: "data" } }));
        await placeOn(kube, env, made, node, ZONE);
      }
      const one = await untilReady(kube, env, namespace, "one");
      const two = await untilReady(kube, env, namespace, "two");
      const made = await kube.apply({ ...budget(namespace, "data", 1), spec: minAvailable(1) }, "berth");
      await waitFor(
        async () => {
          const seen = await kube.read("PodDisruptionBudget", made.metadata);
          return (seen?.status as { disruptionsAllowed?: number } | undefined)?.disruptionsAllowed === 1;
        },
        { timeoutMs: env.patienceMs, what: "the budget to be counted" },
      );
      assert.equal(await kube.evict(one.metadata, one.metadata.uid ?? ""), "evicted");
      const blocked = await kube.evict(two.metadata, two.metadata.uid ?? "");
      assert.ok(typeof blocked === "object", `evicting two gave ${JSON.stringify(blocked)}`);
      assert.equal(blocked.blockedBy, "data");
      assert.ok(blocked.retryAfterMs > 0);
      await untilGone(env, "the evicted pod", () => kube.read("Pod", one.metadata));
      assert.equal((await mustRead(kube, two)).metadata.deletionTimestamp, undefined);
    },
  },
  {
    name: "evicting a pod that is gone, or another one of its name, says gone and hurts nobody",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      const wrong = "00000000-0000-4000-8000-000000000000";
      assert.equal(await kube.evict(key, wrong), "gone");
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      await placeOn(kube, env, made, await addNode(env), ZONE);
      const ready = await untilReady(kube, env, metadata.name, "one");
      assert.equal(await kube.evict(key, wrong), "gone");
      assert.equal((await mustRead(kube, ready)).metadata.deletionTimestamp, undefined);
    },
  },
  {
    name: "a budget's numbers and policy can be applied again and again",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const first = await kube.apply(budget(metadata.name, "data", 0), "berth");
      const second = await kube.apply(budget(metadata.name, "data", 1), "berth");
      assert.equal(second.metadata.uid, first.metadata.uid);
      assert.equal((second.spec as { maxUnavailable?: unknown }).maxUnavailable, 1);
    },
  },
  {
    name: "a pod that is too big for its node stays pending and says why",
    run: async (kube, env) => {
      const node = await addNode(env);
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true, memory: "100Gi" }));
      await placeOn(kube, env, made, node, ZONE);
      const condition = await waitFor(
        async () => (await mustRead(kube, made)).status?.conditions?.find(({ reason }) => reason === "Unschedulable"),
        { timeoutMs: env.patienceMs, what: "the scheduler's word" },
      );
      assert.match(condition.message ?? "", /Insufficient memory/);
    },
  },
];

function minAvailable(count: number): Record<string, unknown> {
  return { minAvailable: count, selector: { matchLabels: { app: "data" } } };
}

import assert from "node:assert/strict";
import { type ConfigMap, isPortError, type Namespace, type PlainObject } from "@berth/ports";
import { waitFor } from "../../wait-for.ts";
import { type KubernetesCase, newNamespace, pod, unique, untilGone } from "./env.ts";

function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data };
}

/** Reading, applying, patching and deleting objects. */
export const OBJECT_CASES: readonly KubernetesCase[] = [
  {
    name: "the version is one that Berth supports",
    run: async (kube) => {
      const [, minor] = /^v1\.(\d+)\./.exec(await kube.version()) ?? [];
      assert.ok(Number(minor) >= 31);
    },
  },
  {
    name: "what is not there reads as undefined",
    run: async (kube) => {
      assert.equal(await kube.read("ConfigMap", { namespace: "default", name: unique("no") }), undefined);
      assert.equal(await kube.read("Pod", { namespace: unique("nowhere"), name: "x" }), undefined);
      assert.deepEqual(await kube.list("ConfigMap", { namespace: unique("nowhere") }), []);
    },
  },
  {
    name: "applying the same object again changes nothing, not even its version",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const object = configMap(metadata.name, "one", { a: "1", b: "2" }, { team: "x" });
      const first = await kube.apply(object, "berth");
      const second = await kube.apply(object, "berth");
      assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
      assert.equal(second.metadata.uid, first.metadata.uid);
    },
  },
  {
    name: "a field that is no longer applied is removed; another manager's field stays",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      await kube.apply(configMap(metadata.name, "one", { a: "1", b: "2" }), "berth");
      await kube.apply(configMap(metadata.name, "one", { theirs: "3" }), "somebody");
      await kube.apply(configMap(metadata.name, "one", { a: "1" }), "berth");
      assert.deepEqual((await kube.read("ConfigMap", key))?.data, { a: "1", theirs: "3" });
    },
  },
  {
    name: "an apply takes a field over from another manager",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      await kube.apply(configMap(metadata.name, "one", { a: "theirs" }), "somebody");
      assert.deepEqual((await kube.apply(configMap(metadata.name, "one", { a: "ours" }), "berth")).data, { a: "ours" });
    },
  },
  {
    name: "an unknown field is refused as invalid, not dropped",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const service: PlainObject = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "one", namespace: metadata.name },
        spec: { clusterIP: "None", ports: [{ port: 1 }], publishNotReadyAdresses: true },
      };
      await assert.rejects(kube.apply(service, "berth"), (error) => isPortError(error, "invalid"));
      await assert.rejects(kube.create(service), (error) => isPortError(error, "invalid"));
    },
  },
  {
    name: "creating a name that is taken is a conflict",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      await kube.create(configMap(metadata.name, "one", {}));
      await assert.rejects(kube.create(configMap(metadata.name, "one", {})), (error) => isPortError(error, "conflict"));
    },
  },
  {
    name: "a patch whose tests hold is done; one whose test fails is a conflict and changes nothing",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      const made = await kube.create(configMap(metadata.name, "one", { a: "1" }));
      const patched = await kube.patch("ConfigMap", key, [
        { op: "test", path: "/metadata/uid", value: made.metadata.uid },
        { op: "test", path: "/metadata/resourceVersion", value: made.metadata.resourceVersion },
        { op: "replace", path: "/data/a", value: "2" },
      ]);
      assert.deepEqual(patched.data, { a: "2" });
      const stale = kube.patch("ConfigMap", key, [
        { op: "test", path: "/metadata/resourceVersion", value: made.metadata.resourceVersion },
        { op: "replace", path: "/data/a", value: "3" },
      ]);
      await assert.rejects(stale, (error) => isPortError(error, "conflict"));
      const after = await kube.read("ConfigMap", key);
      assert.deepEqual(after?.data, { a: "2" });
      assert.equal(after?.metadata.resourceVersion, patched.metadata.resourceVersion);
    },
  },
  {
    name: "a patch of what is not there is not_found; one that breaks a rule is invalid though it has tests",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      const replace = { op: "add", path: "/metadata/labels", value: { team: "not a label!" } } as const;
      await assert.rejects(kube.patch("ConfigMap", key, [replace]), (error) => isPortError(error, "not_found"));
      const made = await kube.create(configMap(metadata.name, "one", { a: "1" }));
      const test = { op: "test", path: "/metadata/uid", value: made.metadata.uid } as const;
      await assert.rejects(kube.patch("ConfigMap", key, [test, replace]), (error) => isPortError(error, "invalid"));
    },
  },
  {
    name: "a patch that can never apply is invalid, though its tests hold",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      const object = configMap(metadata.name, "one", { a: "1" });
      const annotations = { "berth.dev/a": "1" };
      const made = await kube.create({ ...object, metadata: { ...object.metadata, annotations } });
      const broken = kube.patch("ConfigMap", key, [
        { op: "test", path: "/metadata/uid", value: made.metadata.uid },
        { op: "test", path: "/data", value: { a: "1" } },
        { op: "test", path: "/metadata/annotations/berth.dev~1a", value: "1" },
        { op: "remove", path: "/metadata/annotations/none" },
      ]);
      await assert.rejects(broken, (error) => isPortError(error, "invalid"));
    },
  },
  {
    name: "a delete takes the exact object: another uid or an older version is a conflict",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const key = { namespace: metadata.name, name: "one" };
      const made = await kube.create(configMap(metadata.name, "one", { a: "1" }));
      const uid = made.metadata.uid ?? "";
      const wrong = "00000000-0000-4000-8000-000000000000";
      await assert.rejects(kube.delete("ConfigMap", key, { uid: wrong }), (error) => isPortError(error, "conflict"));
      await kube.patch("ConfigMap", key, [{ op: "replace", path: "/data/a", value: "2" }]);
      const stale = { uid, resourceVersion: made.metadata.resourceVersion ?? "" };
      await assert.rejects(kube.delete("ConfigMap", key, stale), (error) => isPortError(error, "conflict"));
      assert.equal(await kube.delete("ConfigMap", key, { uid }), true);
      assert.equal(await kube.delete("ConfigMap", key, { uid }), false);
      assert.equal(await kube.read("ConfigMap", key), undefined);
    },
  },
  {
    name: "a list goes through all pages, and its items carry their kind",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const names = Array.from({ length: 1050 }, (_, index) => `object-${String(index).padStart(4, "0")}`);
      const pending = [...names];
      const work = async (): Promise<void> => {
        for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
          await kube.create(configMap(metadata.name, name, {}, { odd: String(Number(name.slice(-1)) % 2) }));
        }
      };
      await Promise.all(Array.from({ length: 16 }, work));
      const all = await kube.list("ConfigMap", { namespace: metadata.name });
      assert.deepEqual(
        all.map((each) => each.metadata.name).filter((name) => name.startsWith("object-")),
        names,
      );
      assert.ok(all.every((each) => each.kind === "ConfigMap" && each.apiVersion === "v1"));
      const odd = await kube.list("ConfigMap", { namespace: metadata.name, labelSelector: "odd=1" });
      assert.equal(odd.length, 525);
      const one = await kube.list("ConfigMap", {
        fieldSelector: `metadata.namespace=${metadata.name},metadata.name=object-0007`,
      });
      assert.deepEqual(
        one.map((each) => each.metadata.name),
        ["object-0007"],
      );
    },
  },
  {
    name: "what is read keeps its timestamps as text and the fields that Berth does not know",
    run: async (kube) => {
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(pod(metadata.name, "one", { gated: true }));
      assert.match(String(made.metadata.creationTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const spec = made.spec as unknown as Record<string, unknown>;
      assert.equal(spec.schedulerName, "default-scheduler");
      assert.equal(spec.dnsPolicy, "ClusterFirst");
    },
  },
  {
    name: "a foreground delete of the anchor collects what it owns before it goes; claims without an owner stay",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const namespace = metadata.name;
      const anchor = await kube.create(configMap(namespace, "anchor", {}));
      const uid = anchor.metadata.uid ?? "";
      const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "anchor", uid, blockOwnerDeletion: true }];
      const owned = configMap(namespace, "owned", {});
      await kube.create({ ...owned, metadata: { ...owned.metadata, ownerReferences } });
      await kube.create({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data-one", namespace },
        spec: {
          accessModes: ["ReadWriteOnce"],
          storageClassName: env.storageClass,
          resources: { requests: { storage: "1Gi" } },
        },
      } as PlainObject);
      let ownedWhenAnchorWent = true;
      assert.equal(await kube.delete("ConfigMap", anchor.metadata, { uid, propagation: "Foreground" }), true);
      await waitFor(
        async () => {
          if ((await kube.read("ConfigMap", { namespace, name: "anchor" })) !== undefined) return false;
          ownedWhenAnchorWent = (await kube.read("ConfigMap", { namespace, name: "owned" })) !== undefined;
          return true;
        },
        { timeoutMs: env.patienceMs, what: "the anchor to be gone" },
      );
      assert.equal(ownedWhenAnchorWent, false);
      assert.notEqual(await kube.read("PersistentVolumeClaim", { namespace, name: "data-one" }), undefined);
    },
  },
  {
    name: "a namespace that goes away takes all in it along, and lets nothing new in",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const namespace = metadata.name;
      const kept = configMap(namespace, "kept", {});
      const made = await kube.create({ ...kept, metadata: { ...kept.metadata, finalizers: ["berth.dev/test"] } });
      await kube.delete("Namespace", { name: namespace }, { uid: metadata.uid });
      await assert.rejects(kube.create(configMap(namespace, "late", {})), (error) => isPortError(error, "conflict"));
      assert.equal((await kube.read("Namespace", { name: namespace }))?.status?.phase, "Terminating");
      assert.equal(await kube.delete("Namespace", { name: namespace }, { uid: metadata.uid }), true);
      await kube.patch("ConfigMap", made.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
      await untilGone(env, "the namespace", () => kube.read("Namespace", { name: namespace }));
      assert.equal(await kube.delete("Namespace", { name: namespace }, { uid: metadata.uid }), false);
    },
  },
  {
    name: "a privileged pod is refused as invalid in a restricted namespace",
    run: async (kube) => {
      const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
      const { metadata } = await newNamespace(kube, labels);
      await assert.rejects(
        kube.create(pod(metadata.name, "one", { privileged: true })),
        (error) => isPortError(error, "invalid") && error.message.includes("violates PodSecurity"),
      );
      await kube.create(pod(metadata.name, "two", { gated: true }));
    },
  },
  {
    name: "a pod beyond the namespace's quota is refused as invalid",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      await kube.create<PlainObject>({
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "plan", namespace: metadata.name },
        spec: { hard: { "limits.memory": "100Mi" } },
      });
      await waitFor(
        async () => (await kube.read("ResourceQuota", { namespace: metadata.name, name: "plan" }))?.status,
        { timeoutMs: env.patienceMs, what: "the quota to be counted" },
      );
      const big = pod(metadata.name, "big", { gated: true, memory: "200Mi" });
      await assert.rejects(
        kube.create(big),
        (error) => isPortError(error, "invalid") && error.message.includes("exceeded quota"),
      );
      await kube.create(pod(metadata.name, "small", { gated: true }));
    },
  },
  {
    name: "a namespace is applied without one of its own, and keeps others' labels",
    run: async (kube) => {
      const name = unique("case");
      const object: Namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { a: "1" } } };
      const first = await kube.apply(object, "berth");
      assert.equal(first.metadata.labels?.["kubernetes.io/metadata.name"], name);
      const second = await kube.apply(object, "berth");
      assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    },
  },
];

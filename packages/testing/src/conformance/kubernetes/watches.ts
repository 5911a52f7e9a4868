import assert from "node:assert/strict";
import type { ConfigMap, Kubernetes } from "@berth/ports";
import { waitFor } from "../../wait-for.ts";
import { type KubernetesCase, newNamespace } from "./env.ts";

function configMap(namespace: string, name: string, value: string, team = "a"): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: { team } },
    data: { value },
  };
}

async function remove(kube: Kubernetes, object: ConfigMap): Promise<void> {
  await kube.delete("ConfigMap", object.metadata, { uid: object.metadata.uid ?? "" });
}

/** Watches, bookmarks, relists. */
export const WATCH_CASES: readonly KubernetesCase[] = [
  {
    name: "a reflection starts with what is there and follows what is added, changed and removed",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const events: string[] = [];
      await kube.create(configMap(metadata.name, "before", "1"));
      const options = { namespace: metadata.name, labelSelector: "team=a" };
      const reflection = kube.reflect("ConfigMap", options, ({ type, object }) =>
        events.push(`${type} ${object.metadata.name} ${object.data?.value}`),
      );
      await reflection.ready;
      assert.deepEqual(events, ["added before 1"]);
      const made = await kube.create(configMap(metadata.name, "one", "1"));
      await kube.create(configMap(metadata.name, "other", "1", "b"));
      await kube.apply(configMap(metadata.name, "one", "2"), "berth");
      await remove(kube, made);
      const expected = ["added before 1", "added one 1", "changed one 2", "removed one 2"];
      await waitFor(() => events.length === expected.length, { timeoutMs: env.patienceMs, what: "four events" });
      assert.deepEqual(events, expected);
      assert.deepEqual(
        reflection.items().map((each) => [each.kind, each.metadata.name]),
        [["ConfigMap", "before"]],
      );
      assert.ok(reflection.ageMs() < env.patienceMs);
      reflection.stop();
    },
  },
  {
    name: "an object that leaves the selector is removed from the reflection",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const events: string[] = [];
      const options = { namespace: metadata.name, labelSelector: "team=a" };
      const reflection = kube.reflect("ConfigMap", options, ({ type }) => events.push(type));
      await reflection.ready;
      await kube.create(configMap(metadata.name, "one", "1"));
      await kube.patch("ConfigMap", { namespace: metadata.name, name: "one" }, [
        { op: "replace", path: "/metadata/labels/team", value: "b" },
      ]);
      await waitFor(() => events.length === 2, { timeoutMs: env.patienceMs, what: "two events" });
      assert.deepEqual(events, ["added", "removed"]);
      reflection.stop();
    },
  },
  {
    name: "a watch that the server ends again and again loses nothing, doubles nothing and needs no second list",
    run: async (_kube, env) => {
      const relists: string[] = [];
      const kube = env.connect({
        reflector: { watchSeconds: [1, 2], backoffMs: [1, 20] },
        onRelist: (_kind, reason) => relists.push(reason),
      });
      const { metadata } = await newNamespace(kube);
      const seen = new Map<string, string[]>();
      const reflection = kube.reflect("ConfigMap", { namespace: metadata.name, labelSelector: "team=a" }, (event) => {
        const events = seen.get(event.object.metadata.name) ?? [];
        seen.set(event.object.metadata.name, [...events, event.type]);
      });
      await reflection.ready;
      const endAt = performance.now() + 5000;
      let count = 0;
      while (performance.now() < endAt) {
        const made = await kube.create(configMap(metadata.name, `object-${count++}`, "1"));
        await kube.apply(configMap(metadata.name, made.metadata.name, "2"), "berth");
        await remove(kube, made);
      }
      await waitFor(() => seen.size === count && [...seen.values()].every((events) => events.length >= 3), {
        timeoutMs: env.patienceMs,
        what: "every object's events",
      });
      for (const [name, events] of seen) assert.deepEqual([name, ...events], [name, "added", "changed", "removed"]);
      assert.deepEqual(relists, ["first"]);
      kube.close();
    },
  },
  {
    name: "a periodic relist keeps the reflection and tells nothing twice",
    run: async (_kube, env) => {
      let relists = 0;
      const kube = env.connect({ reflector: { relistEveryMs: 300 }, onRelist: () => relists++ });
      const { metadata } = await newNamespace(kube);
      const events: string[] = [];
      await kube.create(configMap(metadata.name, "one", "1"));
      const options = { namespace: metadata.name, labelSelector: "team=a" };
      const reflection = kube.reflect("ConfigMap", options, ({ type }) => events.push(type));
      await waitFor(() => relists >= 4, { timeoutMs: env.patienceMs, what: "some relists" });
      assert.deepEqual(events, ["added"]);
      assert.equal(reflection.items().length, 1);
      kube.close();
    },
  },
  {
    name: "a watch without events of its own gets a newer version by a bookmark before the server ends it",
    run: async (kube, env) => {
      const { metadata } = await newNamespace(kube);
      const made = await kube.create(configMap(metadata.name, "one", "1"));
      const query = new URLSearchParams({
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: "6",
        resourceVersion: made.metadata.resourceVersion ?? "",
        labelSelector: "no=such",
      });
      let ended = false;
      const body = env.rawGet(`/api/v1/namespaces/${metadata.name}/configmaps?${query}`).finally(() => {
        ended = true;
      });
      // What the selector leaves out moves the version all the same; while nothing moves it, no bookmark is due.
      const versions: (string | undefined)[] = [];
      for (let next = 0; !ended; next++) {
        versions.push((await kube.create(configMap(metadata.name, `object-${next}`, "1"))).metadata.resourceVersion);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const text = await body;
      const events = text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { type: string; object: ConfigMap });
      assert.ok(events.length > 0);
      for (const { type, object } of events) {
        assert.equal(type, "BOOKMARK");
        assert.ok(versions.includes(object.metadata.resourceVersion));
      }
    },
  },
];

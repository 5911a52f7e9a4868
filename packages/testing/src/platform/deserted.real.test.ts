import type { CreatedCluster } from "@berth/contract";
import { type ClusterId, namespaceOf } from "@berth/domain";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { Kubernetes } from "@berth/ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, deleteForGrace, purgeCluster, restoreCluster, untilSucceeded } from "./clusters.ts";
import { engineCall } from "./engine-call.ts";
import { untilNothingIsLeft } from "./leftovers.ts";
import { type Platform, startPlatform } from "./start-platform.ts";
import { startPlatformWorld } from "./world.ts";

const LONG_MS = 120_000;

let platform: Platform;
/** As somebody with kubectl. */
let kubernetes: Kubernetes;
beforeAll(async () => {
  platform = await startPlatform({ world: await startPlatformWorld() });
  const connection = parseKubeconfig(platform.world.kubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  kubernetes = createKubernetes(connection.value);
}, LONG_MS);
afterAll(async () => {
  kubernetes.close();
  await platform.stop();
  await platform.world.close();
});

async function clusterUp(name: string, instances: number) {
  const cluster = await createTestCluster(platform, name, { instances });
  await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
  return { cluster, namespace: namespaceOf(cluster.id as ClusterId) };
}

/** As `kubectl delete namespace` does. */
async function deleteNamespace(namespace: string) {
  const found = await kubernetes.read("Namespace", { name: namespace });
  const uid = found?.metadata.uid ?? "";
  await kubernetes.delete("Namespace", { name: namespace }, { uid });
  await waitFor(async () => (await kubernetes.read("Namespace", { name: namespace }))?.metadata.uid !== uid, {
    timeoutMs: LONG_MS,
    what: "the namespace to go",
  });
}

async function statusOf(cluster: CreatedCluster) {
  const { body } = await platform.customer.getCluster({ params: { cluster_id: cluster.id } });
  if (body === undefined) throw new Error("it was asked for without an ETag");
  return body.status;
}

async function ask(cluster: CreatedCluster, method: "GET" | "PUT", path: string, body?: unknown) {
  const { body: connection } = await platform.customer.getConnection({ params: { cluster_id: cluster.id } });
  return engineCall(connection, cluster.initial_credential, method, path, body);
}

async function purge(cluster: CreatedCluster): Promise<void> {
  await untilSucceeded(platform, await purgeCluster(platform, cluster), LONG_MS);
  await untilNothingIsLeft(platform, LONG_MS);
}

describe("a cluster whose namespace somebody else deleted", { timeout: 3 * LONG_MS }, () => {
  it("is made again on the volumes that were kept, with its data and its users", async () => {
    const { cluster, namespace } = await clusterUp("back", 1);
    await ask(cluster, "PUT", "/notes", { settings: { number_of_replicas: 0 } });
    await ask(cluster, "PUT", "/notes/_doc/1?refresh=true", { text: "hello" });
    const volumes = async () => (await kubernetes.list("PersistentVolume")).map(({ metadata }) => metadata.uid);
    const before = await volumes();
    await deleteNamespace(namespace);
    const read = await waitFor(
      async () => {
        const answer = await ask(cluster, "GET", "/notes/_doc/1");
        return answer.status === 200 ? answer : undefined;
      },
      { timeoutMs: LONG_MS, what: "the document to be there again" },
    );
    expect(read.body).toMatchObject({ _source: { text: "hello" } });
    await waitFor(
      async () => {
        const { waiting_for } = await statusOf(cluster);
        if (waiting_for.length > 0) throw new Error(JSON.stringify(waiting_for));
        return true;
      },
      { timeoutMs: LONG_MS, what: "nothing to be waited for" },
    );
    expect(await volumes()).toEqual(before);
    await purge(cluster);
  });

  it("says that data is lost when a volume went too, makes nothing anew, and leaves nothing behind when it is purged", async () => {
    const { cluster, namespace } = await clusterUp("lost", 3);
    const claim = await kubernetes.read("PersistentVolumeClaim", { namespace, name: "data-data-1" });
    const name = claim?.spec.volumeName ?? "";
    await kubernetes.patch("PersistentVolume", { name }, [
      { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
    ]);
    await deleteNamespace(namespace);
    const { waiting_for } = await waitFor(
      async () => {
        const status = await statusOf(cluster);
        return status.waiting_for.some(({ name }) => name === "data_lost") ? status : undefined;
      },
      { timeoutMs: LONG_MS, what: "the loss to be told" },
    );
    const { body: instances } = await platform.customer.listInstances({ params: { cluster_id: cluster.id } });
    const nameOf = (id: string) => instances.data.find((one) => one.id === id)?.name;
    expect(waiting_for.map(({ name, subject }) => [name, nameOf(subject)])).toEqual([
      ["volume_detached", "data-0"],
      ["data_lost", "data-1"],
      ["volume_detached", "data-2"],
    ]);
    expect(await kubernetes.read("Namespace", { name: namespace })).toBeUndefined();
    const kept = await kubernetes.list("PersistentVolume");
    expect(kept.map(({ spec, status }) => [spec.claimRef?.name, status?.phase])).toEqual(
      expect.arrayContaining([
        ["data-data-0", "Released"],
        ["data-data-2", "Released"],
      ]),
    );
    await purge(cluster);
  });

  it("keeps its volumes until the grace period of its deletion is over, and none after it", async () => {
    const { cluster, namespace } = await clusterUp("leaving", 1);
    await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
    await deleteNamespace(namespace);
    await platform.database.query("update cluster set next_check_at = now(), wakes = wakes + 1, observed_at = null");
    await waitFor(async () => (await statusOf(cluster)).observed_at !== null, {
      timeoutMs: LONG_MS,
      what: "somebody to look",
    });
    const status = await statusOf(cluster);
    expect(status).toMatchObject({ state: "deleting", waiting_for: [{ name: "volumes_kept" }] });
    await purge(cluster);
  });

  it("comes back from its deletion on the volumes that were kept, although their claims are gone", async () => {
    const { cluster, namespace } = await clusterUp("recalled", 1);
    await ask(cluster, "PUT", "/notes", { settings: { number_of_replicas: 0 } });
    await ask(cluster, "PUT", "/notes/_doc/1?refresh=true", { text: "hello" });
    await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
    await deleteNamespace(namespace);
    await untilSucceeded(platform, await restoreCluster(platform, cluster), LONG_MS);
    expect(await ask(cluster, "GET", "/notes/_doc/1")).toMatchObject({ body: { _source: { text: "hello" } } });
    await purge(cluster);
  });

  it("says at its restore that data is lost, and can be deleted again", async () => {
    const { cluster, namespace } = await clusterUp("past recall", 1);
    const claim = await kubernetes.read("PersistentVolumeClaim", { namespace, name: "data-data-0" });
    const name = claim?.spec.volumeName ?? "";
    await untilSucceeded(platform, await deleteForGrace(platform, cluster), LONG_MS);
    await platform.worker().kill();
    await kubernetes.patch("PersistentVolume", { name }, [
      { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
    ]);
    await deleteNamespace(namespace);
    await restoreCluster(platform, cluster);
    await platform.restartWorker();
    const status = await waitFor(
      async () => {
        const seen = await statusOf(cluster);
        return seen.waiting_for.some(({ name }) => name === "data_lost") ? seen : undefined;
      },
      { timeoutMs: LONG_MS, what: "the loss to be told" },
    );
    expect(status.state).toBe("updating");
    expect(await kubernetes.read("Namespace", { name: namespace })).toBeUndefined();
    await purge(cluster);
  });
});

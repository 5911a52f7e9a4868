import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { realSimulationClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { type KubernetesServer, startKubernetesServer } from "./http-server.ts";
import { createKubernetesModel, type KubernetesModel } from "./model.ts";
import { machine, statefulSet } from "./testing.ts";

describe("the simulated API server, spoken to by @kubernetes/client-node", () => {
  let model: KubernetesModel;
  let server: KubernetesServer;
  let config: KubeConfig;
  let core: CoreV1Api;

  beforeAll(async () => {
    model = createKubernetesModel({ clock: realSimulationClock(), random: seededRandom(7) });
    server = await startKubernetesServer({ model });
    config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: "cl-wire" } } });
  });

  afterAll(async () => {
    model.close();
    await server.close();
  });

  it("says in every answer that it is simulated", async () => {
    const version = await config.makeApiClient(VersionApi).getCode();
    expect(version.gitVersion).toBe("v1.37.2+berth.simulated");
    expect(model.handle({ method: "GET", path: "/api/v1/nodes" }).headers.Server).toBe("berth-simulator");
  });

  it("applies a StatefulSet and runs its pods once gates are lifted", async () => {
    for (const zone of ["a", "b", "c"]) model.kubelets.add({ nodeName: `wire-${zone}` }, machine(zone));
    const apps = config.makeApiClient(AppsV1Api);
    const body = statefulSet("cl-wire", { replicas: 3, gated: true });
    await apps.patchNamespacedStatefulSet(
      { name: "data", namespace: "cl-wire", body, fieldManager: "berth", force: true },
      setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
    );
    await vi.waitFor(async () => {
      const { items } = await core.listNamespacedPod({ namespace: "cl-wire" });
      expect(items.map((pod) => pod.spec?.schedulingGates?.length)).toEqual([1, 1, 1]);
    });
    const { items } = await core.listNamespacedPod({ namespace: "cl-wire" });
    for (const pod of items) {
      await core.patchNamespacedPod(
        {
          name: pod.metadata?.name ?? "",
          namespace: "cl-wire",
          body: [
            { op: "test", path: "/metadata/uid", value: pod.metadata?.uid },
            { op: "remove", path: "/spec/schedulingGates" },
          ],
        },
        setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
      );
    }
    await vi.waitFor(
      async () => {
        const set = await apps.readNamespacedStatefulSet({ name: "data", namespace: "cl-wire" });
        expect(set.status?.readyReplicas).toBe(3);
      },
      { timeout: 5000 },
    );
  });

  it("streams changes to a watch, from a resourceVersion on", async () => {
    const list = await core.listNamespacedConfigMap({ namespace: "cl-wire" });
    const seen: string[] = [];
    const watch = new Watch(config);
    const controller = await watch.watch(
      "/api/v1/namespaces/cl-wire/configmaps",
      { resourceVersion: list.metadata?.resourceVersion, allowWatchBookmarks: true },
      (type: string, object: { metadata: { name: string } }) => seen.push(`${type} ${object.metadata.name}`),
      () => undefined,
    );
    await core.createNamespacedConfigMap({
      namespace: "cl-wire",
      body: { metadata: { name: "watched" }, data: { a: "1" } },
    });
    await core.deleteNamespacedConfigMap({ namespace: "cl-wire", name: "watched" });
    await vi.waitFor(() => expect(seen).toEqual(["ADDED watched", "DELETED watched"]));
    controller.abort();
  });

  it("answers a budget that blocks an eviction with 429 and its cause", async () => {
    const api = KubernetesObjectApi.makeApiClient(config);
    await api.create({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "data", namespace: "cl-wire" },
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: "es" } } },
    } as never);
    await vi.waitFor(() =>
      expect(model.objects("PodDisruptionBudget")[0]?.status).toMatchObject({ currentHealthy: 3 }),
    );
    const refused = core.createNamespacedPodEviction({
      name: "data-0",
      namespace: "cl-wire",
      body: { metadata: { name: "data-0" } },
    });
    await expect(refused).rejects.toMatchObject({ code: 429, body: expect.stringContaining("DisruptionBudget") });
  });

  it("refuses a wrong token", async () => {
    const stranger = new KubeConfig();
    stranger.loadFromString(server.kubeconfig.replace(model.adminToken, "wrong"));
    const pods: Promise<{ items: V1Pod[] }> = stranger.makeApiClient(CoreV1Api).listPodForAllNamespaces();
    await expect(pods).rejects.toMatchObject({ code: 401 });
  });
});

import { describe, expect, it } from "vitest";
import type { PodRuntime, PodToRun } from "../pod-runtime.ts";
import { NAMESPACE, POD_LIST, podBody, podPath, type TestCluster, testCluster } from "./testing.ts";

interface Recorded extends PodRuntime {
  readonly started: PodToRun[];
  readonly refreshed: { readonly uid: string; readonly files: PodToRun["files"] }[];
  readonly stopped: { readonly uid: string; readonly grace: number }[];
  ready: boolean;
}

function recorder(): Recorded {
  const recorded: Recorded = {
    started: [],
    refreshed: [],
    stopped: [],
    ready: true,
    start: (pod) => recorded.started.push(pod),
    refreshFiles: (uid, files) => recorded.refreshed.push({ uid, files }),
    isReady: () => recorded.ready,
    stop: (uid, grace) => recorded.stopped.push({ uid, grace }),
    discardClaim: () => undefined,
  };
  return recorded;
}

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const MERGE = { type: "application/merge-patch+json" };
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

const container = (over: object = {}): object => ({ name: "es", image: "es:8", ...over });

function run(cluster: TestCluster, spec: Record<string, unknown>, labels: Record<string, string> = {}): void {
  cluster.must("POST", POD_LIST, podBody("p", spec, labels));
  cluster.clock.advance(3_000);
}

describe("a simulated kubelet", () => {
  it("hands the runtime everything resolved: environment, files, claims, memory, address", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    cluster.must("POST", MAPS, { metadata: { name: "config" }, data: { "elasticsearch.yml": "a: 1" } });
    cluster.must("POST", `/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: "tls" },
      stringData: { "tls.key": "key" },
    });
    const env = [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "ZONE", valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } } },
      { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      { name: "FROM", valueFrom: { configMapKeyRef: { name: "config", key: "elasticsearch.yml" } } },
      { name: "GREETING", value: "I am $(POD_NAME)" },
    ];
    const mounts = [
      { name: "config", mountPath: "/config" },
      { name: "config", mountPath: "/etc/one.yml", subPath: "elasticsearch.yml" },
      { name: "all", mountPath: "/all" },
    ];
    run(
      cluster,
      {
        automountServiceAccountToken: false,
        containers: [
          container({ env, volumeMounts: mounts, resources: { limits: { cpu: "1500m", memory: "1536Mi" } } }),
        ],
        volumes: [
          { name: "config", configMap: { name: "config" } },
          {
            name: "all",
            projected: {
              sources: [
                { secret: { name: "tls", items: [{ key: "tls.key", path: "private/key" }] } },
                { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
              ],
            },
          },
        ],
      },
      { app: "es" },
    );
    const [pod] = runtime.started;
    expect(pod).toMatchObject({
      name: "p",
      namespace: NAMESPACE,
      nodeName: "n0",
      zone: "eu-central-1a",
      podIp: expect.stringMatching(/^127\.30\./),
      image: "es:8",
      memoryMib: 1536,
      env: { POD_NAME: "p", ZONE: "eu-central-1a", CPUS: "2", FROM: "a: 1", GREETING: "I am p" },
    });
    expect(pod?.env.POD_IP).toBe(pod?.podIp);
    expect(textOf(pod?.files["/config"]?.["elasticsearch.yml"])).toBe("a: 1");
    expect(textOf(pod?.files["/etc"]?.["one.yml"])).toBe("a: 1");
    expect(textOf(pod?.files["/all"]?.["private/key"])).toBe("key");
    expect(textOf(pod?.files["/all"]?.labels)).toContain('app="es"');
  });

  it("says what it waits for, and starts when it is there", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    run(cluster, {
      containers: [container({ volumeMounts: [{ name: "config", mountPath: "/config" }] })],
      volumes: [{ name: "config", configMap: { name: "late" } }],
    });
    expect(cluster.pod("p").status).toMatchObject({
      phase: "Pending",
      containerStatuses: [{ state: { waiting: { reason: "ContainerCreating" } } }],
    });
    cluster.must("POST", MAPS, { metadata: { name: "late" }, data: { a: "1" } });
    cluster.clock.advance(3_000);
    expect(cluster.pod("p").status.phase).toBe("Running");
  });

  it("refreshes files some time after a change, and at once when the pod is touched", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    cluster.must("POST", MAPS, { metadata: { name: "seed" }, data: { hosts: "one" } });
    run(cluster, {
      containers: [container({ volumeMounts: [{ name: "seed", mountPath: "/seed" }] })],
      volumes: [{ name: "seed", configMap: { name: "seed" } }],
    });
    const change = (hosts: string): void => {
      cluster.must("PATCH", `${MAPS}/seed`, { data: { hosts } }, MERGE);
    };
    change("two");
    cluster.clock.advance(1_000);
    expect(runtime.refreshed).toEqual([]);
    cluster.clock.advance(2_000);
    expect(runtime.refreshed.map((each) => textOf(each.files["/seed"]?.hosts))).toEqual(["two"]);
    change("three");
    cluster.must("PATCH", podPath("p"), { metadata: { annotations: { touched: "1" } } }, MERGE);
    cluster.clock.advance(100);
    expect(runtime.refreshed.map((each) => textOf(each.files["/seed"]?.hosts))).toEqual(["two", "three"]);
  });

  it("follows the readiness of what runs", () => {
    const runtime = recorder();
    runtime.ready = false;
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    run(cluster, { containers: [container()], initContainers: [container({ name: "init" })] });
    const ready = (): string | undefined =>
      cluster.pod("p").status.conditions?.find((each) => each.type === "Ready")?.status;
    expect(ready()).toBe("False");
    expect(cluster.pod("p").status.initContainerStatuses).toMatchObject([{ state: { terminated: { exitCode: 0 } } }]);
    runtime.ready = true;
    cluster.clock.advance(1_000);
    expect(ready()).toBe("True");
    runtime.ready = false;
    cluster.clock.advance(3_000);
    expect(ready()).toBe("False");
  });

  it("gives a deleted pod its grace, then lets it go", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    run(cluster, { containers: [container()], terminationGracePeriodSeconds: 120 });
    const { uid } = cluster.pod("p").metadata;
    cluster.must("DELETE", podPath("p"));
    expect(cluster.pod("p").metadata.deletionGracePeriodSeconds).toBe(120);
    expect(runtime.stopped).toEqual([{ uid, grace: 120 }]);
    cluster.clock.advance(3_000);
    expect(cluster.pods()).toEqual([]);
  });

  it("kills at once what is deleted by force", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    run(cluster, { containers: [container()] });
    const { uid } = cluster.pod("p").metadata;
    cluster.must("DELETE", podPath("p"), { gracePeriodSeconds: 0 });
    expect(cluster.pods()).toEqual([]);
    expect(runtime.stopped).toContainEqual({ uid, grace: 0 });
  });

  it("restarts what crashed, later each time, and counts", () => {
    const runtime = recorder();
    const cluster = testCluster({ nodes: 1, deps: { podRuntime: runtime } });
    run(cluster, { containers: [container()] });
    const waits: number[] = [];
    for (let crash = 1; crash <= 4; crash += 1) {
      expect(cluster.model.faults.crashPod(NAMESPACE, "p")).toBe(true);
      expect(cluster.pod("p").status.containerStatuses?.[0]?.state?.waiting?.reason).toBe("CrashLoopBackOff");
      const from = cluster.clock.now();
      while (runtime.started.length <= crash) cluster.clock.advance(10);
      waits.push(Math.round((cluster.clock.now() - from) / 1_000));
      cluster.clock.advance(1_000);
    }
    expect(waits).toEqual([0, 1, 2, 4]);
    expect(cluster.pod("p").status.containerStatuses?.[0]).toMatchObject({ restartCount: 4, ready: true });
    expect(new Set(runtime.started.map((pod) => pod.podIp)).size).toBe(1);
  });

  it("resizes in place what fits, and says why not otherwise", () => {
    const cluster = testCluster({ nodes: 1 });
    run(cluster, {});
    const resize = (cpu: string): void => {
      const containers = [{ name: "es", resources: { requests: { cpu } } }];
      const options = { type: "application/strategic-merge-patch+json" };
      cluster.must("PATCH", `${podPath("p")}/resize`, { spec: { containers } }, options);
      cluster.clock.advance(500);
    };
    resize("900m");
    expect(cluster.pod("p").status.containerStatuses?.[0]?.resources?.requests).toMatchObject({ cpu: "900m" });
    const limits = { spec: { containers: [{ name: "es", resources: { limits: { cpu: "99" } } }] } };
    cluster.must("PATCH", `${podPath("p")}/resize`, limits, { type: "application/strategic-merge-patch+json" });
    resize("50");
    const pending = cluster.pod("p").status.conditions?.find((each) => each.type === "PodResizePending");
    expect(pending?.reason).toBe("Infeasible");
  });

  it("never gives two pods one address", () => {
    const cluster = testCluster({ nodes: 1 });
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 5; round += 1) {
      run(cluster, {});
      seen.add(cluster.pod("p").status.podIP);
      cluster.must("DELETE", podPath("p"), { gracePeriodSeconds: 0 });
    }
    expect(seen.size).toBe(5);
  });
});

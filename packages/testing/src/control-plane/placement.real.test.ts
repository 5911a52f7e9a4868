import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { type ControlPlane, startControlPlane } from "./start.ts";

/** What Berth relies on when it places a pod: gates, affinity by the node's name, Pod Security. */

const NAMESPACE = "cl-test";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const GATE = "berth.dev/placement";

let dataDir: string;
let controlPlane: ControlPlane;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-placement-"));
  controlPlane = await startControlPlane({ dataDir });
  const levels = ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]);
  const namespace = { metadata: { name: NAMESPACE, labels: Object.fromEntries(levels) } };
  expect((await controlPlane.api.post("/api/v1/namespaces", namespace)).status).toBe(201);
  await waitFor(
    async () => (await controlPlane.api.get(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)).status === 200,
    {
      timeoutMs: 20_000,
      what: "the namespace's service account",
    },
  );
});
afterAll(async () => {
  await controlPlane.stop();
  rmSync(dataDir, { recursive: true });
});

/** A pod as Pod Security "restricted" takes it, held back by our gate. */
function gatedPod(name: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "berth.dev/component": "data" } },
    spec: {
      schedulingGates: [{ name: GATE }],
      // The template's second wall: our patch adds a node affinity beside it.
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { "berth.dev/component": name } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "elasticsearch",
          image: "docker.elastic.co/elasticsearch/elasticsearch:9.5.3",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } },
        },
      ],
    },
  };
}

interface PodIdentity {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The one patch by which Berth places a pod. */
function liftGate(identity: PodIdentity, nodeName: string) {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] };
  return [
    { op: "test", path: "/metadata/uid", value: identity.uid },
    { op: "test", path: "/metadata/resourceVersion", value: identity.resourceVersion },
    {
      op: "add",
      path: "/spec/affinity/nodeAffinity",
      value: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
    },
    { op: "add", path: "/metadata/labels/topology.kubernetes.io~1zone", value: "eu-central-1a" },
    { op: "replace", path: "/spec/schedulingGates", value: [] },
  ];
}

async function createGated(name: string): Promise<PodIdentity> {
  const made = await controlPlane.api.post(PODS, gatedPod(name));
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  // The scheduler writes its condition, which moves the resource version.
  const seen = await waitFor(
    async () => {
      const { body } = await controlPlane.api.get(`${PODS}/${name}`);
      return conditionOf(body)?.reason === "SchedulingGated" && body;
    },
    { timeoutMs: 20_000, what: `${name} to be seen gated` },
  );
  return seen.metadata;
}

// biome-ignore lint/suspicious/noExplicitAny: a pod as the API server sent it.
const conditionOf = (pod: any) => pod.status.conditions?.find((condition: any) => condition.type === "PodScheduled");

const patch = (name: string, body: unknown) => controlPlane.api.patch("json", `${PODS}/${name}`, body);

/** Joins as a kubelet does: first not ready, then ready by a write of its status. */
async function joinNode(name: string): Promise<void> {
  const capacity = { cpu: "8", memory: "32Gi", pods: "110" };
  const { api } = controlPlane;
  const node = {
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    status: { capacity, allocatable: capacity },
  };
  // As it was made: the node controller takes the taint off again where a node has no condition at all yet.
  const { status: answered, body: made } = await api.post("/api/v1/nodes", node);
  expect(answered).toBe(201);
  expect(made.spec.taints).toContainEqual({ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" });
  const now = new Date().toISOString();
  const ready = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const status = { status: { conditions: [ready], capacity, allocatable: capacity } };
  expect((await api.patch("merge", `/api/v1/nodes/${name}/status`, status)).status).toBe(200);
}

async function untilBound(name: string, timeoutMs = 30_000): Promise<string> {
  return waitFor(async () => (await controlPlane.api.get(`${PODS}/${name}`)).body.spec.nodeName as string | undefined, {
    timeoutMs,
    what: `${name} to be bound`,
  });
}

async function untilUnschedulable(name: string): Promise<string> {
  const condition = await waitFor(
    async () => {
      const found = conditionOf((await controlPlane.api.get(`${PODS}/${name}`)).body);
      return found?.reason === "Unschedulable" && found;
    },
    { timeoutMs: 20_000, what: `${name} to be tried and found unschedulable` },
  );
  return condition.message;
}

// The order matters: the first two begin while there is no node at all, or not the one that is meant.
describe("a gated pod", () => {
  it("binds to a node that appears only after the gate was lifted, in a kube without any node", async () => {
    const identity = await createGated("first");
    expect((await patch("first", liftGate(identity, "mac-first"))).status).toBe(200);
    expect(await untilUnschedulable("first")).toContain("no nodes available");
    await joinNode("mac-first");
    expect(await untilBound("first")).toBe("mac-first");
  });

  it("waits for the node that it is meant for although others have room, and binds when that one appears", async () => {
    const identity = await createGated("second");
    expect((await patch("second", liftGate(identity, "mac-second"))).status).toBe(200);
    const message = await untilUnschedulable("second");
    expect(message).toMatch(/^0\/1 nodes are available/);
    await joinNode("mac-other");
    await joinNode("mac-second");
    expect(await untilBound("second")).toBe("mac-second");
  });

  it("binds to the node of its affinity among others that exist, and carries its zone", async () => {
    const identity = await createGated("third");
    expect((await patch("third", liftGate(identity, "mac-other"))).status).toBe(200);
    expect(await untilBound("third")).toBe("mac-other");
    const { body } = await controlPlane.api.get(`${PODS}/third`);
    expect(body.metadata.labels["topology.kubernetes.io/zone"]).toBe("eu-central-1a");
    expect(body.spec.affinity.podAntiAffinity).toBeDefined();
  });

  it("is left as it was when the patch was made for another pod or an older version of it", async () => {
    const identity = await createGated("fourth");
    const forAnother = await patch(
      "fourth",
      liftGate({ ...identity, uid: "11111111-2222-3333-4444-555555555555" }, "mac-first"),
    );
    const stale = await patch("fourth", liftGate({ ...identity, resourceVersion: "1" }, "mac-first"));
    expect([forAnother.status, stale.status]).toEqual([422, 422]);
    const { body } = await controlPlane.api.get(`${PODS}/fourth`);
    expect(body.spec.schedulingGates).toEqual([{ name: GATE }]);
    expect(body.metadata.resourceVersion).toBe(identity.resourceVersion);
  });

  it("cannot be gated again", async () => {
    const identity = await createGated("fifth");
    expect((await patch("fifth", liftGate(identity, "mac-nowhere"))).status).toBe(200);
    const again = await patch("fifth", [{ op: "add", path: "/spec/schedulingGates", value: [{ name: GATE }] }]);
    expect(again.status).toBe(422);
    expect(again.body.message).toContain("only deletion is allowed");
  });
});

describe("Pod Security restricted", () => {
  it("refuses a privileged pod, and names why", async () => {
    const pod = gatedPod("privileged");
    Object.assign(pod.spec.containers[0]?.securityContext ?? {}, { privileged: true, allowPrivilegeEscalation: true });
    const answer = await controlPlane.api.post(PODS, pod);
    expect(answer.status).toBe(403);
    expect(answer.body.message).toContain('violates PodSecurity "restricted:latest": privileged');
  });
});

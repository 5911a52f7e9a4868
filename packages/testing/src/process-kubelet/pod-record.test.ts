import { describe, expect, it } from "vitest";
import type { ContainerStatus, Pod, PodStatus } from "./objects.ts";
import { newPodRecord, podStatusOf } from "./pod-record.ts";

const EARLY = new Date("2026-11-24T10:00:00.400Z");
const LATE = new Date("2026-11-24T10:05:00.900Z");

const podOf = (restartPolicy: "Always" | "Never", status?: PodStatus): Pod => ({
  metadata: { name: "p", namespace: "n", uid: "u", resourceVersion: "1" },
  spec: { restartPolicy, containers: [{ name: "main", image: "busybox" }] },
  ...(status && { status }),
});

const conditionOf = (status: Pick<PodStatus, "conditions">, type: string) =>
  status.conditions?.find((one) => one.type === type);

describe("a pod's conditions", () => {
  it("keep the time of their last change, in whole seconds", () => {
    const pod = podOf("Always");
    const record = newPodRecord(pod, EARLY);
    const first = podStatusOf(pod, record, "127.0.0.1", undefined, EARLY);
    expect(conditionOf(first, "Ready")).toMatchObject({ status: "False", lastTransitionTime: "2026-11-24T10:00:00Z" });
    const same = podStatusOf(pod, record, "127.0.0.1", first, LATE);
    expect(conditionOf(same, "Ready")?.lastTransitionTime).toBe("2026-11-24T10:00:00Z");

    for (const one of record.main) Object.assign(one, { ready: true, state: { running: { startedAt: "" } } });
    const ready = podStatusOf(pod, record, "127.0.0.1", same, LATE);
    // A reason must be taken away by name: the patch merges.
    expect(conditionOf(ready, "Ready")).toMatchObject({
      status: "True",
      lastTransitionTime: "2026-11-24T10:05:00Z",
      reason: null,
    });
  });
});

describe("a pod's phase", () => {
  const ended = (exitCode: number) => ({
    terminated: { exitCode, reason: "", startedAt: "", finishedAt: "" },
  });
  it.each([
    ["Always", ended(1), "Running"],
    ["Never", ended(1), "Failed"],
    ["Never", ended(0), "Succeeded"],
    ["Never", { running: { startedAt: "" } }, "Running"],
    ["Never", { waiting: { reason: "ContainerCreating" } }, "Pending"],
  ] as const)("with restartPolicy %s and %j is %s", (policy, state, phase) => {
    const pod = podOf(policy);
    const record = newPodRecord(pod, EARLY);
    for (const one of record.main) {
      Object.assign(one, { state, containerId: "waiting" in state ? undefined : "process://1" });
    }
    expect(podStatusOf(pod, record, "127.0.0.1", undefined, EARLY).phase).toBe(phase);
  });
});

it("a pod that ran before its node crashed counts that as an end, and is no longer pending", () => {
  const before: ContainerStatus = {
    name: "main",
    image: "busybox",
    imageID: "",
    ready: true,
    restartCount: 2,
    state: { running: { startedAt: "2026-11-24T09:00:00Z" } },
  };
  const pod = podOf("Always", { startTime: "2026-11-24T08:59:00Z", containerStatuses: [before] });
  const status = podStatusOf(pod, newPodRecord(pod, LATE), "127.0.0.1", pod.status, LATE);
  expect(status).toMatchObject({ phase: "Running", startTime: "2026-11-24T08:59:00Z", podIP: null });
  expect(status.containerStatuses?.[0]).toMatchObject({
    restartCount: 3,
    ready: false,
    lastState: { terminated: { exitCode: 137, startedAt: "2026-11-24T09:00:00Z" } },
  });
});

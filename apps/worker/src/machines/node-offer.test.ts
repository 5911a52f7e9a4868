import type { Node, Pod } from "@berth/ports";
import { expect, it } from "vitest";
import { daemonRequestsOf, offerOf } from "./node-offer.ts";

const OURS = { "app.kubernetes.io/managed-by": "berth" };
const pod = (ownerKind: string | undefined, labels: Record<string, string> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "p",
    labels,
    ...(ownerKind === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: "v1", kind: ownerKind, name: "o", uid: "u" }] }),
  },
  spec: { containers: [{ name: "c", resources: { requests: { cpu: "100m", memory: "1Gi" } } }] },
});
const node = (allocatable: Record<string, string> | undefined): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n" },
  ...(allocatable === undefined ? {} : { status: { allocatable } }),
});

it("reads what a kubelet offers, rounded down, and nothing from one that says nothing", () => {
  expect(offerOf(node({ cpu: "1930m", memory: "7000000Ki" }))).toEqual({ cpuMilli: 1930, memoryMib: 6835 });
  expect(offerOf(node({ cpu: "2" }))).toBeUndefined();
  expect(offerOf(node(undefined))).toBeUndefined();
});

it("counts as daemons what every node runs, not what happens to be there", () => {
  const passing = [pod("ReplicaSet"), pod("Job"), pod(undefined), pod("StatefulSet"), pod("DaemonSet", OURS)];
  expect(daemonRequestsOf([pod("DaemonSet"), pod("Node"), ...passing])).toEqual({ cpuMilli: 200, memoryMib: 2048 });
});

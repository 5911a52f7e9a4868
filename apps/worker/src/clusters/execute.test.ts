import type { Kubernetes, KubernetesObject } from "@berth/ports";
import { expect, it } from "vitest";
import { liveLease } from "../testing/live-lease.ts";
import { type ExecuteContext, executeClusterAction } from "./execute.ts";
import { OBJECTS_HASH } from "./observe.ts";

const object = (kind: string, name: string): KubernetesObject => ({ apiVersion: "v1", kind, metadata: { name } });

/** The hash that the anchor had after each write to it. */
async function anchorHashes(resync: boolean): Promise<(string | undefined)[]> {
  const applied: KubernetesObject[] = [];
  const kubernetes: Partial<Kubernetes> = {
    apply: async (one) => {
      applied.push(one);
      return one;
    },
  };
  const context = {
    kubernetes,
    effects: { reached: () => {} },
    lease: liveLease(),
    objects: {
      namespace: object("Namespace", "cl-x"),
      anchor: object("ConfigMap", "anchor"),
      owned: () => [object("StatefulSet", "data"), object("Secret", "tls")],
    },
    objectsHash: "h1",
    onApplied: () => {},
  };
  await executeClusterAction(context as unknown as ExecuteContext, { kind: "apply_objects", resync });
  expect(applied.map((one) => one.kind).filter((kind) => kind !== "ConfigMap")).toEqual([
    "Namespace",
    "Secret",
    "StatefulSet",
  ]);
  return applied.filter((one) => one.metadata.name === "anchor").map((one) => one.metadata.annotations?.[OBJECTS_HASH]);
}

it("marks changed objects as applied only after the last of them", async () => {
  expect(await anchorHashes(false)).toEqual([undefined, "h1"]);
});

it("puts right what somebody changed without a write to what nobody did", async () => {
  expect(await anchorHashes(true)).toEqual(["h1"]);
});

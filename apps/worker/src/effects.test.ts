import { LeaseEnded } from "@berth/db";
import type { Kubernetes } from "@berth/ports";
import { expect, it } from "vitest";
import { readOnly, runEffect } from "./effects.ts";
import { liveLease } from "./testing/live-lease.ts";

function effectOn(reached: (point: string) => void = () => {}) {
  const lease = liveLease();
  const calls: string[] = [];
  const port: Partial<Kubernetes> = {
    delete: async (kind) => {
      calls.push(kind);
      return true;
    },
  };
  const run = () =>
    runEffect(
      { lease, effects: { reached: (effect, phase) => reached(`${effect}:${phase}`) } },
      "clusters.delete_namespace",
      readOnly(port as Kubernetes),
      (kubernetes) => kubernetes.delete("Namespace", { name: "cl-1" }, { uid: "u" }),
    );
  return { lease, calls, run };
}

it("an effect is carried out while its lease is held, and tells of its points", async () => {
  const points: string[] = [];
  const { calls, run } = effectOn((point) => points.push(point));
  expect(await run()).toBe(true);
  expect(calls).toEqual(["Namespace"]);
  expect(points).toEqual(["clusters.delete_namespace:before", "clusters.delete_namespace:answered"]);
});

it("no effect is carried out once its lease is over", async () => {
  const { lease, calls, run } = effectOn();
  lease.end();
  await expect(run()).rejects.toThrow(LeaseEnded);
  expect(calls).toEqual([]);
});

it("nor when the lease ended on the very line before the call", async () => {
  const { lease, calls, run } = effectOn((point) => {
    if (point.endsWith(":before")) lease.end();
  });
  await expect(run()).rejects.toThrow(LeaseEnded);
  expect(calls).toEqual([]);
});

import { es10k } from "@berth/testing";
import { describe, expect, test } from "vitest";
import { checkPlan, karpenter, STANDARD_POLICY } from "../../src/index.ts";
import { savingPercent, usdPerHour } from "../price.ts";
import { poolsBySize } from "../reference/pools-by-size.ts";
import { runKarpenter } from "./run-karpenter.ts";

/** Compiles Karpenter at the first use on a machine. */
const BUILD_TIMEOUT_MS = 60 * 60_000;

const packing = (seed: number) => {
  const { types, instances } = es10k(seed, { instances: 400 });
  return { types, instances: instances.map((one) => ({ ...one, volumes: 0, cluster: undefined, tenant: undefined })) };
};

describe.each([1, 2, 3])("seed %i", (seed) => {
  test(
    "its policy restated pays what Karpenter's scheduler does, within 0.5 %: the order of equal claims is left open there",
    async () => {
      const one = packing(seed);
      const { names, sizes } = poolsBySize(one.types);
      for (const [real, restated] of [
        [await runKarpenter(one), karpenter(one, { knowsVolumes: false })],
        [await runKarpenter(one, { pools: sizes }), karpenter(one, { knowsVolumes: false, pools: names })],
      ] as const) {
        expect(checkPlan(one, real.plan, STANDARD_POLICY)).toEqual([]);
        expect(Math.abs(savingPercent(usdPerHour(restated), usdPerHour(real.plan)))).toBeLessThan(0.5);
        expect(real.usdPerHour).toBeCloseTo(usdPerHour(real.plan), 3);
      }
    },
    BUILD_TIMEOUT_MS,
  );
});

test(
  "an instance that no type holds is refused, and not left out",
  async () => {
    const { types, instances } = packing(1);
    const [first] = instances as [(typeof instances)[number]];
    const large = { ...first, name: "large", memoryMib: 10_000_000 };
    await expect(runKarpenter({ types, instances: [first, large] })).rejects.toThrow("left 1 of 2 instances");
  },
  BUILD_TIMEOUT_MS,
);

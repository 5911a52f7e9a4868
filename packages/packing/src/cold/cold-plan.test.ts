import { createHash } from "node:crypto";
import { seededRandom } from "@berth/domain";
import { openInThreadSolver } from "@berth/solver";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeCertificate } from "../bound/make-certificate.ts";
import { checkPlan } from "../case/check-plan.ts";
import { type PackingCase, type PlanNode, STANDARD_POLICY } from "../case/packing-case.ts";
import { caseOf, randomCase } from "../testing/random-case.ts";
import { verifyCertificate } from "../verify/verify-certificate.ts";
import { ColdPlan } from "./cold-plan.ts";

const priceOf = (plan: readonly PlanNode[]) => plan.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

async function planned(packingCase: PackingCase, seed: number) {
  const solver = await openInThreadSolver();
  const plan = await ColdPlan.open(packingCase, STANDARD_POLICY, solver, { seed, gap: 1e-3 });
  try {
    for (let round = 0; round < 8; round++) {
      await plan.generateColumns(2);
      plan.improve(30);
    }
    await plan.useColumns();
    plan.improve(50);
    return { nodes: plan.plan(), blocks: plan.blocks.map((block, i) => ({ block, values: plan.valuesFor(i) })) };
  } finally {
    await plan.close();
    await solver.close();
  }
}

test("plans of random fleets break no rule, and cost no less than a bound that a stranger accepts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const files = randomCase(seed);
      const packingCase = caseOf(files);
      const { nodes, blocks } = await planned(packingCase, seed);
      expect(checkPlan(packingCase, nodes, STANDARD_POLICY)).toEqual([]);
      const [typesText, instancesText] = [JSON.stringify(files.types), JSON.stringify(files.instances)];
      const certificate = makeCertificate(blocks, {
        typesSha256: sha256(typesText),
        instancesSha256: sha256(instancesText),
      });
      const certificateText = JSON.stringify(certificate);
      const verdict = verifyCertificate({ typesText, instancesText, certificateText, sha256 });
      expect(verdict).toEqual({ verified: true, lowerBoundNanoUsdPerHour: BigInt(certificate.lowerBound) });
      expect(BigInt(priceOf(nodes)) * 1_000n).toBeGreaterThanOrEqual(BigInt(certificate.lowerBound));
    }),
    { numRuns: 8, seed: 7 },
  );
}, 60_000);

/** So many instances of one zone without a cluster, each of a size of its own, on two machines: one small and one large. */
function ownSizes(count: number): PackingCase {
  const random = seededRandom(3);
  const between = (low: number, high: number) => low + random.integer(high - low + 1);
  const type = { volumes: 22, zones: ["a"] };
  const small = { name: "small", priceMicroUsdPerHour: 363_264, cpuMilli: 9_120, memoryMib: 50_016, instances: 2 };
  const large = { name: "large", priceMicroUsdPerHour: 3_800_000, cpuMilli: 96_000, memoryMib: 786_432, instances: 40 };
  return caseOf({
    types: [
      { ...type, ...small },
      { ...type, ...large },
    ],
    instances: Array.from({ length: count }, (_, n) => ({
      name: `i${n}`,
      // Now and then one that fits the large machine alone.
      cpuMilli: n % 60 === 0 ? between(10_000, 16_000) : between(200, 2_000),
      memoryMib: between(100, 6_000),
      volumes: 1,
      zone: "a",
    })),
  } as Parameters<typeof caseOf>[0]);
}

test("where each instance has a size of its own and most fit in neither unit of a table, the bound is as near as else", async () => {
  const packingCase = ownSizes(150);
  const { nodes, blocks } = await planned(packingCase, 1);
  const { lowerBound } = makeCertificate(blocks, { typesSha256: "", instancesSha256: "" });
  expect((priceOf(nodes) * 1_000) / Number(lowerBound)).toBeLessThan(1.05);
});

test("the same seed and the same calls give the same plan", async () => {
  const packingCase = caseOf(randomCase(11));
  expect((await planned(packingCase, 5)).nodes).toEqual((await planned(packingCase, 5)).nodes);
});

test("no instances need no machines, and are bounded by nothing", async () => {
  const { nodes, blocks } = await planned({ types: caseOf(randomCase(1)).types, instances: [] }, 1);
  expect(nodes).toEqual([]);
  expect(makeCertificate(blocks, { typesSha256: "", instancesSha256: "" }).lowerBound).toBe("0");
});

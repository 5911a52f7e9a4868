import { createHash } from "node:crypto";
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

test("the same seed and the same calls give the same plan", async () => {
  const packingCase = caseOf(randomCase(11));
  expect((await planned(packingCase, 5)).nodes).toEqual((await planned(packingCase, 5)).nodes);
});

test("no instances need no machines, and are bounded by nothing", async () => {
  const { nodes, blocks } = await planned({ types: caseOf(randomCase(1)).types, instances: [] }, 1);
  expect(nodes).toEqual([]);
  expect(makeCertificate(blocks, { typesSha256: "", instancesSha256: "" }).lowerBound).toBe("0");
});

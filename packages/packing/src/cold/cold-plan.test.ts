import { createHash } from "node:crypto";
import { openInThreadSolver } from "@berth/solver";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeCertificate } from "../bound/make-certificate.ts";
import { checkPlan } from "../case/check-plan.ts";
import { type PackingCase, type PlanNode, STANDARD_POLICY } from "../case/packing-case.ts";
import { readCase } from "../case/read-case.ts";
import { seededRandom } from "../seeded-random.ts";
import { verifyCertificate } from "../verify/verify-certificate.ts";
import { ColdPlan } from "./cold-plan.ts";

const ZONES = ["a", "b", "c"];

/** Types and instances of a random small fleet, as the files have them. */
function randomCase(seed: number): { types: unknown[]; instances: unknown[] } {
  const random = seededRandom(seed);
  const zones = ZONES.slice(0, 1 + random.integer(3));
  const anySize = random.fraction() < 0.3;
  const types = Array.from({ length: 2 + random.integer(6) }, (_, index) => {
    const scale = 1 + random.integer(8);
    return {
      name: `t${index}`,
      priceMicroUsdPerHour: 40_000 * scale + random.integer(9_000),
      cpuMilli: 2_000 * scale,
      memoryMib: 4_096 * (1 + random.integer(3)) * scale,
      volumes: 3 + random.integer(25),
      instances: 4 + random.integer(12),
      zones: index === 0 || random.fraction() < 0.7 ? zones : [zones[random.integer(zones.length)] as string],
    };
  });
  // Whatever an instance wants, one type holds it everywhere.
  types.push({
    name: "largest",
    priceMicroUsdPerHour: 900_000,
    cpuMilli: 32_000,
    memoryMib: 131_072,
    volumes: 27,
    instances: 16,
    zones,
  });
  const instances: unknown[] = [];
  for (let cluster = 0; cluster < 4 + random.integer(20); cluster++) {
    const memoryMib = anySize ? 100 + random.integer(20_000) : 1_024 * 2 ** random.integer(5);
    const cpuMilli = anySize ? 50 + random.integer(3_000) : Math.ceil(memoryMib / (2 + random.integer(5)));
    const volumes = 1 + random.integer(3);
    const chooses = random.fraction() < 0.3;
    const size = 1 + random.integer(4);
    for (let ordinal = 0; ordinal < size; ordinal++) {
      instances.push({
        name: `c${cluster}-${ordinal}`,
        cluster: `c${cluster}`,
        tenant: `o${random.integer(5)}`,
        cpuMilli,
        memoryMib,
        volumes,
        ...(chooses ? { zones } : { zone: zones[ordinal % zones.length] }),
      });
    }
  }
  return { types, instances };
}

function caseOf(files: { types: unknown; instances: unknown }): PackingCase {
  const read = readCase(files.types, files.instances);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

const priceOf = (plan: readonly PlanNode[]) => plan.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

async function planned(packingCase: PackingCase, seed: number) {
  const solver = await openInThreadSolver();
  const plan = await ColdPlan.open(packingCase, STANDARD_POLICY, solver, { seed, gap: 1e-3 });
  try {
    for (let round = 0; round < 12; round++) {
      await plan.generateColumns(2);
      plan.improve(30);
    }
    plan.useColumns();
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
    { numRuns: 10, seed: 7 },
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

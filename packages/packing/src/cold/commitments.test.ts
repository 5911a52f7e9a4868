import { createHash } from "node:crypto";
import { seededRandom } from "@berth/domain";
import { openInThreadSolver } from "@berth/solver";
import { describe, expect, it } from "vitest";
import type { Certificate } from "../bound/certificate.ts";
import { makeCertificate } from "../bound/make-certificate.ts";
import { checkPlan } from "../case/check-plan.ts";
import { type Commitment, costWithCommitments, readCommitments } from "../case/commitments.ts";
import { STANDARD_POLICY } from "../case/packing-case.ts";
import { caseOf, randomCase } from "../testing/random-case.ts";
import { verifyCertificate } from "../verify/verify-certificate.ts";
import { ColdPlan } from "./cold-plan.ts";
import { settleTypes } from "./settle-types.ts";
import { valueCommitments } from "./value-commitments.ts";

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

/** One or two commitments over the case's first types, of all sizes from none to more than anybody wants. */
function randomCommitments(seed: number): unknown[] {
  const random = seededRandom(seed);
  const count = 1 + random.integer(2);
  return Array.from({ length: count }, (_, index) => ({
    name: `commitment-${index}`,
    units: random.integer(60),
    unitPriceMicroUsdPerHour: random.integer(3_000),
    sunkMicroUsdPerHour: random.integer(1_000_000),
    types: [{ type: `t${index}`, units: 1 + random.integer(16) }],
  }));
}

async function planned(seed: number, rows: unknown = randomCommitments(seed)) {
  const files = randomCase(seed);
  const packingCase = caseOf(files);
  const read = readCommitments(rows, packingCase.types);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const commitments = read.value;
  const solver = await openInThreadSolver();
  try {
    const options = { seed, steps: 5, iterations: 20 };
    const valued = await valueCommitments(packingCase, commitments, STANDARD_POLICY, solver, options);
    const plan = await ColdPlan.open(packingCase, STANDARD_POLICY, solver, { seed, gap: 1e-3, commitments: valued });
    for (let round = 0; round < 6; round++) {
      await plan.generateColumns(2);
      plan.improve(30);
    }
    const nodes = settleTypes(packingCase, commitments, plan.plan());
    const texts = {
      typesText: JSON.stringify(files.types),
      instancesText: JSON.stringify(files.instances),
      commitmentsText: JSON.stringify(rows),
    };
    const blocks = plan.blocks.map((block, index) => ({ block, values: plan.valuesFor(index) }));
    const inputs = {
      typesSha256: sha256(texts.typesText),
      instancesSha256: sha256(texts.instancesText),
      commitmentsSha256: sha256(texts.commitmentsText),
    };
    await plan.close();
    return { packingCase, commitments, nodes, texts, certificate: makeCertificate(blocks, inputs, valued) };
  } finally {
    await solver.close();
  }
}

const verdictOf = (texts: Awaited<ReturnType<typeof planned>>["texts"], certificate: Certificate) =>
  verifyCertificate({ ...texts, certificateText: JSON.stringify(certificate), sha256 });

describe("commitments", () => {
  it("are used within their units, and no plan costs less beside them than a bound that a stranger accepts", async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { packingCase, commitments, nodes, texts, certificate } = await planned(seed);
      expect(checkPlan(packingCase, nodes, STANDARD_POLICY)).toEqual([]);
      expect(verdictOf(texts, certificate)).toMatchObject({ verified: true });
      const { marginalMicroUsdPerHour, unitsUsed } = costWithCommitments(nodes, commitments);
      for (const [index, used] of unitsUsed.entries()) {
        expect(used).toBeLessThanOrEqual((commitments[index] as Commitment).units);
      }
      expect(BigInt(marginalMicroUsdPerHour) * 1_000n).toBeGreaterThanOrEqual(BigInt(certificate.lowerBound));
    }
  }, 60_000);

  it("that are ample and free of charge leave nothing to pay where their type holds everything", async () => {
    const rows = [{ name: "all", units: 1_000_000, types: [{ type: "largest", units: 1 }] }];
    const { commitments, nodes, certificate, texts } = await planned(3, rows);
    expect(new Set(nodes.map(({ type }) => type))).toEqual(new Set(["largest"]));
    expect(costWithCommitments(nodes, commitments).marginalMicroUsdPerHour).toBe(0);
    expect(verdictOf(texts, certificate)).toMatchObject({ verified: true, lowerBoundNanoUsdPerHour: 0n });
  });

  it("cover a machine in part: half its units are half its price", () => {
    const half: Commitment = {
      name: "half",
      units: 8,
      unitPriceMicroUsdPerHour: 1_000,
      sunkMicroUsdPerHour: 5,
      unitsOf: new Map([["m", 16]]),
    };
    expect(costWithCommitments([{ type: "m", priceMicroUsdPerHour: 100_000 }], [half])).toEqual({
      listMicroUsdPerHour: 100_000,
      marginalMicroUsdPerHour: 58_000,
      sunkMicroUsdPerHour: 5,
      unitsUsed: [8],
    });
  });

  it("are refused with the field's name: an unknown type, a type in two, no units for a machine", () => {
    const { types } = caseOf(randomCase(1));
    const taker = { type: "largest", units: 1 };
    const read = readCommitments(
      [
        { name: "a", units: 1, types: [taker, { type: "nowhere", units: 1 }] },
        { name: "b", units: -1, types: [{ ...taker, units: 0 }] },
      ],
      types,
    );
    expect(read.ok ? [] : read.error.map(({ field }) => field)).toEqual([
      "commitments[0].types[1].type",
      "commitments[1].units",
      "commitments[1].types[0].units",
      "commitments[1].types[0].type",
    ]);
  });

  it("tampered with are refused: values, names, and another file", async () => {
    const { certificate, texts } = await planned(2, [{ name: "a", units: 9, types: [{ type: "t0", units: 2 }] }]);
    const [first] = certificate.commitments ?? [];
    const reasonOf = (changed: Certificate, files = texts) => {
      const verdict = verdictOf(files, changed);
      return verdict.verified ? "verified" : verdict.refusals[0]?.reason;
    };
    expect(reasonOf(certificate)).toBe("verified");
    const valued = (value: bigint) => ({ ...certificate, commitments: [{ name: "a", value: String(value) }] });
    expect(reasonOf(valued(BigInt(first?.value ?? 0) + 1n))).toBe("bound_does_not_follow");
    expect(reasonOf(valued(0n))).not.toBe("verified");
    expect(reasonOf({ ...certificate, commitments: [] })).toBe("commitments_differ");
    const fewer = texts.commitmentsText.replace('"units":9', '"units":8');
    expect(reasonOf(certificate, { ...texts, commitmentsText: fewer })).toBe("hash_differs");
    const withHash = { ...certificate, inputs: { ...certificate.inputs, commitmentsSha256: sha256(fewer) } };
    expect(reasonOf(withHash, { ...texts, commitmentsText: fewer })).toBe("bound_does_not_follow");
  });
});

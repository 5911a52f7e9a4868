import { createHash } from "node:crypto";
import { openSolver } from "@berth/solver";
import { es10k } from "@berth/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { ColdPlan, makeCertificate, STANDARD_POLICY, verifyCertificate } from "../../src/index.ts";
import {
  choices,
  finishBy,
  TAMPERED,
  TAMPERED_AND_FINISHED,
  type Texts,
} from "../../src/verify/tampering.test-input.ts";

/** A certificate of the reference case, by few rounds: how good its bound is, is not the question here. */

const ROUNDS = 3;
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const finish = finishBy(sha256);

let files: Pick<Texts, "types" | "instances">;
let certificateText: string;

beforeAll(async () => {
  const packing = es10k(1);
  files = structuredClone(packing) as unknown as typeof files;
  const solver = await openSolver();
  try {
    const plan = await ColdPlan.open(packing, STANDARD_POLICY, solver, { seed: 1, gap: 1e-3 });
    await plan.generateColumns(ROUNDS);
    const inputs = {
      typesSha256: sha256(JSON.stringify(packing.types)),
      instancesSha256: sha256(JSON.stringify(packing.instances)),
    };
    const blocks = plan.blocks.map((block, index) => ({ block, values: plan.valuesFor(index) }));
    certificateText = JSON.stringify(makeCertificate(blocks, inputs));
    await plan.close();
  } finally {
    await solver.close();
  }
});

function verdictOf({ types, instances, certificate }: Texts) {
  return verifyCertificate({
    typesText: JSON.stringify(types),
    instancesText: JSON.stringify(instances),
    certificateText: JSON.stringify(certificate),
    sha256,
  });
}

const texts = (): Texts => ({ ...structuredClone(files), certificate: JSON.parse(certificateText) });

describe("the certificate of ES-10k", () => {
  test("is verified, also when its hashes and bounds are filled in anew, and bounds by more than nothing", () => {
    const lowerBoundNanoUsdPerHour = BigInt(texts().certificate.lowerBound);
    expect(lowerBoundNanoUsdPerHour > 0n).toBe(true);
    expect(verdictOf(texts())).toEqual({ verified: true, lowerBoundNanoUsdPerHour });
    expect(verdictOf(finish(texts()))).toEqual({ verified: true, lowerBoundNanoUsdPerHour });
  });

  // All proofs are relaxed ones here. The duals are scaled below.
  const NOT_HERE = new Set([
    "a dual raised without its z, where a pattern holds it",
    "an exact z lowered by one unit",
    "an exact z lowered with a worse pattern to show for it",
    "an exact z raised by one unit",
    "a pattern with more than fits",
    "a pattern of a class that there is not",
    "a pattern that names a class twice",
    "a class that may not go to the offer's zone in its pattern",
    "all duals scaled without their z",
  ]);

  test.each(
    [
      ...Object.entries(TAMPERED_AND_FINISHED).map(([name, tamper]) => ({ name, tamper, after: finish })),
      ...Object.entries(TAMPERED).map(([name, tamper]) => ({ name, tamper, after: (one: Texts) => one })),
    ].filter(({ name }) => !NOT_HERE.has(name)),
  )("with $name is refused for that", ({ tamper, after }) => {
    const tampered = texts();
    const reasons = tamper(tampered, choices(1));
    const verdict = verdictOf(after(tampered));
    const found = verdict.verified ? [] : [...new Set(verdict.refusals.map(({ reason }) => reason))];
    expect(found.length).toBeGreaterThan(0);
    expect(reasons).toEqual(expect.arrayContaining(found));
  });

  test("with all its duals scaled by two and its z left as they were is refused for that", () => {
    const tampered = texts();
    for (const { classes } of tampered.certificate.blocks) {
      for (const one of classes) one.dual = String(2n * BigInt(one.dual));
    }
    const verdict = verdictOf(finish(tampered));
    expect(verdict.verified ? [] : [...new Set(verdict.refusals.map(({ reason }) => reason))]).toEqual([
      "relaxation_differs",
    ]);
  });
});

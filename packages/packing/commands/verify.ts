// `npm run verify -w packages/packing -- types.json instances.json certificate.json [commitments.json]`: the independent verifier alone.
// Prints one JSON line {verified, lower_bound, seconds, refusals}; lower_bound in $ an hour, null when refused.
// Exit codes: 0 verified, 1 refused, 2 wrong usage or a file that cannot be read.
import { createHash } from "node:crypto";
import { verifyCertificate } from "../src/index.ts";
import { readInputFile } from "./input-file.ts";

const USAGE =
  "usage: npm run verify -w packages/packing -- types.json instances.json certificate.json [commitments.json]";
const FILES = ["types.json", "instances.json", "certificate.json"];

/** The texts in the order of FILES, and of commitments where they are given. Throws an Error that says what is wrong. */
function readArguments(paths: readonly string[]): readonly string[] {
  const missing = FILES.slice(paths.length);
  if (missing.length > 0) throw new Error(`missing: ${missing.join(", ")}`);
  if (paths.length > FILES.length + 1) throw new Error(`not expected: ${paths.slice(FILES.length + 1).join(" ")}`);
  return paths.map(readInputFile);
}

function main(): number {
  const startedAt = performance.now();
  let texts: readonly string[];
  try {
    texts = readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`verify: ${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const [typesText = "", instancesText = "", certificateText = "", commitmentsText] = texts;
  const verdict = verifyCertificate({
    typesText,
    instancesText,
    certificateText,
    commitmentsText,
    sha256: (text) => createHash("sha256").update(text, "utf8").digest("hex"),
  });
  console.log(
    JSON.stringify({
      verified: verdict.verified,
      lower_bound: verdict.verified ? Number(dollars(verdict.lowerBoundNanoUsdPerHour)) : null,
      seconds: Number(((performance.now() - startedAt) / 1000).toFixed(3)),
      refusals: verdict.verified ? [] : verdict.refusals,
    }),
  );
  return verdict.verified ? 0 : 1;
}

/** Nano-dollars as a decimal of dollars. */
function dollars(nano: bigint): string {
  const digits = nano.toString().padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

process.exitCode = main();

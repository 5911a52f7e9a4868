// `npm run pack -w packages/packing -- --types types.json --instances instances.json`: plans the fleet of anyone's own case.
// Formats: docs/packing.md. Prints one JSON line {usd_per_hour, nodes, lower_bound, gap, certificate, verified, seconds,
// bound_seconds, violations, iterations, rounds}; what is under way goes to standard error. Exit codes: 0 planned, 1 the plan
// breaks a rule or the certificate was refused, 2 wrong usage or a case that cannot be read.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { openSolver } from "@berth/solver";
import {
  ColdPlan,
  checkPlan,
  costWithCommitments,
  fewFamilies,
  makeCertificate,
  type PackingCase,
  runColdPlan,
  settleTypes,
  valueCommitments,
  verifyCertificate,
} from "../src/index.ts";
import { fromWhereUserStands } from "./input-file.ts";
import { readFiles } from "./pack-files.ts";
import { type PackOptions, readOptions, USAGE } from "./pack-options.ts";

/** Of ruin and recreate, before families are chosen. */
const ITERATIONS = 200;
/** Plans that say what a unit of a commitment is worth. */
const VALUING = { steps: 8, iterations: 400 };

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000;
const rounded = (value: number, places: number) => Number(value.toFixed(places));

async function pack(options: PackOptions): Promise<number> {
  const startedAt = performance.now();
  const files = readFiles(options);
  const { packingCase, commitments } = files;
  const solver = await openSolver();
  const say = progress();
  try {
    const { seed, policy } = options;
    const valued =
      commitments === undefined
        ? undefined
        : await valueCommitments(packingCase, commitments, policy, solver, { seed, ...VALUING });
    const how = { seed, gap: 1e-3, ...(valued === undefined ? {} : { commitments: valued }) };
    const all = await ColdPlan.open(packingCase, policy, solver, how);
    const plan = await ofFewFamilies(options, packingCase, all, (few) => ColdPlan.open(few, policy, solver, how));
    say(() => `${packingCase.instances.length} instances: ${dollars(plan.costMicroUsdPerHour)} $/h at the start`);
    await runColdPlan(plan, () => {
      const seconds = secondsSince(startedAt);
      say(() => `${dollars(plan.costMicroUsdPerHour)} $/h after ${seconds.toFixed(0)} s`);
      return options.seconds > 0 ? seconds / options.seconds : 1;
    });
    const nodes = commitments === undefined ? plan.plan() : settleTypes(packingCase, commitments, plan.plan());
    const seconds = secondsSince(startedAt);

    const boundStartedAt = performance.now();
    let done = false;
    while (!done && secondsSince(boundStartedAt) < options.boundSeconds) {
      done = await all.generateColumns(1);
      say(() => `bound: ${dollars(all.boundMicroUsdPerHour)} $/h after ${secondsSince(boundStartedAt).toFixed(0)} s`);
    }
    const certificate = makeCertificate(
      all.blocks.map((block, index) => ({ block, values: all.valuesFor(index) })),
      {
        typesSha256: sha256(files.typesText),
        instancesSha256: sha256(files.instancesText),
        ...(files.commitmentsText === undefined ? {} : { commitmentsSha256: sha256(files.commitmentsText) }),
      },
      valued,
    );
    const certificateText = `${JSON.stringify(certificate, undefined, 1)}\n`;
    const boundSeconds = secondsSince(boundStartedAt);
    const verdict = verifyCertificate({ ...files, certificateText, sha256 });
    await all.close();
    if (plan !== all) await plan.close();

    writeFileSync(fromWhereUserStands(options.certificate), certificateText);
    // What the certificate speaks of, where that is not what was given.
    if (options.cap !== undefined)
      writeFileSync(`${fromWhereUserStands(options.certificate)}.types.json`, files.typesText);
    if (options.headroom !== undefined) {
      writeFileSync(`${fromWhereUserStands(options.certificate)}.instances.json`, files.instancesText);
    }
    if (options.out !== undefined) {
      writeFileSync(
        fromWhereUserStands(options.out),
        `[\n${nodes.map((node) => JSON.stringify(node)).join(",\n")}\n]\n`,
      );
    }
    const violations = checkPlan(packingCase, nodes, policy);
    const cost = costWithCommitments(nodes, commitments ?? []);
    const lowerBound = Number(certificate.lowerBound) / 1e9;
    const sunk = cost.sunkMicroUsdPerHour / 1e6;
    const marginal = cost.marginalMicroUsdPerHour / 1e6;
    say(undefined);
    for (const { rule, where, detail } of violations.slice(0, 20)) console.error(`${rule}: ${where}: ${detail}`);
    if (!verdict.verified) {
      for (const { reason, object, because } of verdict.refusals.slice(0, 20)) {
        console.error(`${reason}: ${object}: ${because}`);
      }
    }
    console.log(
      JSON.stringify({
        usd_per_hour: rounded(cost.listMicroUsdPerHour / 1e6, 6),
        ...(commitments === undefined
          ? {}
          : {
              marginal_usd_per_hour: rounded(marginal, 6),
              sunk_usd_per_hour: rounded(sunk, 6),
              units_used: Object.fromEntries(commitments.map(({ name }, index) => [name, cost.unitsUsed[index]])),
            }),
        nodes: nodes.length,
        lower_bound: rounded(lowerBound, 9),
        gap: sunk + lowerBound > 0 ? rounded((sunk + marginal) / (sunk + lowerBound) - 1, 6) : 0,
        certificate: options.certificate,
        verified: verdict.verified,
        seconds: rounded(seconds, 3),
        bound_seconds: rounded(boundSeconds, 3),
        violations: violations.length,
        iterations: plan.iterations,
        rounds: all.rounds,
      }),
    );
    return verdict.verified && violations.length === 0 ? 0 : 1;
  } finally {
    await solver.close();
  }
}

/** The plan to go on with: the given one, or one of the types of the families that it spends most on. */
async function ofFewFamilies(
  { families }: PackOptions,
  packingCase: PackingCase,
  all: ColdPlan,
  open: (few: PackingCase) => Promise<ColdPlan>,
): Promise<ColdPlan> {
  if (families === undefined) return all;
  all.improve(ITERATIONS);
  return open({ ...packingCase, types: fewFamilies(packingCase, all.plan(), families) });
}

function dollars(microUsd: number): string {
  return (microUsd / 1e6).toFixed(2);
}

/** One line on a terminal, changed in place a few times a second; nothing elsewhere. */
function progress(): (line: (() => string) | undefined) => void {
  let last = 0;
  return (line) => {
    if (!process.stderr.isTTY) return;
    if (line === undefined) process.stderr.write("\r\u001b[K");
    else if (performance.now() - last > 250) {
      last = performance.now();
      process.stderr.write(`\r\u001b[K${line()}`);
    }
  };
}

try {
  process.exitCode = await pack(readOptions());
} catch (error) {
  console.error(`pack: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}

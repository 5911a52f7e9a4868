// `npm run pack -w packages/packing -- --types types.json --instances instances.json`: plans the fleet of anyone's own case.
// Formats: docs/packing.md. Prints one JSON line {usd_per_hour, nodes, lower_bound, gap, certificate, verified, seconds,
// bound_seconds, violations, iterations, rounds}; what is under way goes to standard error. Exit codes: 0 planned, 1 the plan
// breaks a rule or the certificate was refused, 2 wrong usage or a case that cannot be read.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openSolver } from "@berth/solver";
import {
  ColdPlan,
  checkPlan,
  makeCertificate,
  type PackingCase,
  type PackingPolicy,
  readCase,
  runColdPlan,
  STANDARD_POLICY,
  verifyCertificate,
} from "../src/index.ts";
import { fromWhereUserStands, readInputFile } from "./input-file.ts";

const USAGE = `usage: npm run pack -w packages/packing -- --types types.json --instances instances.json
  [--cap 16]             most instances on one node, where a type says more
  [--seconds 30]         for the plan
  [--bound-seconds 60]   for the lower bound, after it
  [--tenant-share 2]     percent of a tenant's instances that may share a node
  [--seed 1] [--out plan.json] [--certificate certificate.json]`;

interface Options {
  readonly types: string;
  readonly instances: string;
  readonly cap: number | undefined;
  readonly seconds: number;
  readonly boundSeconds: number;
  readonly policy: PackingPolicy;
  readonly seed: number;
  readonly out: string | undefined;
  readonly certificate: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      types: { type: "string" },
      instances: { type: "string" },
      cap: { type: "string" },
      seconds: { type: "string", default: "30" },
      "bound-seconds": { type: "string", default: "60" },
      "tenant-share": { type: "string", default: String(STANDARD_POLICY.tenantSharePercent) },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
      certificate: { type: "string", default: "certificate.json" },
    },
  });
  const missing = (["types", "instances"] as const).filter((name) => values[name] === undefined);
  if (missing.length > 0) throw new Error(`missing: ${missing.map((name) => `--${name}`).join(", ")}`);
  return {
    types: values.types ?? "",
    instances: values.instances ?? "",
    cap: values.cap === undefined ? undefined : wholeNumber("cap", values.cap, 1, 1_000_000),
    seconds: amount("seconds", values.seconds),
    boundSeconds: amount("bound-seconds", values["bound-seconds"]),
    policy: { tenantSharePercent: amount("tenant-share", values["tenant-share"]) },
    seed: wholeNumber("seed", values.seed, 0, 2 ** 31),
    out: values.out,
    certificate: values.certificate,
  };
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < from || value > to) {
    throw new Error(`--${name} must be a whole number from ${from} to ${to}, not ${text}`);
  }
  return value;
}

function amount(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0 || value > 1_000_000) {
    throw new Error(`--${name} must be a number from 0 to 1000000, not ${text}`);
  }
  return value;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The case as the files have it, and with the cap that was asked for. Throws an Error with every fault found. */
function readFiles(options: Options): { packingCase: PackingCase; typesText: string; instancesText: string } {
  const typesText = readInputFile(options.types);
  const instancesText = readInputFile(options.instances);
  const types = parseJson(options.types, typesText);
  const read = readCase(withCap(types, options.cap), parseJson(options.instances, instancesText));
  if (!read.ok) throw new Error(read.error.map((fault) => `${fault.field} ${fault.rule}`).join("\n"));
  return { packingCase: read.value, typesText, instancesText };
}

/** A lower cap is part of the inputs: the certificate is of the types with it. */
function withCap(types: unknown, cap: number | undefined): unknown {
  if (cap === undefined || !Array.isArray(types)) return types;
  return types.map((type: unknown) => {
    if (typeof type !== "object" || type === null) return type;
    const row = type as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(row).map(([key, value]) =>
        (key === "instances" || key === "pods") && typeof value === "number" && value > cap ? [key, cap] : [key, value],
      ),
    );
  });
}

const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000;
const rounded = (value: number, places: number) => Number(value.toFixed(places));

async function pack(options: Options): Promise<number> {
  const startedAt = performance.now();
  const files = readFiles(options);
  const { packingCase } = files;
  const solver = await openSolver();
  const say = progress();
  try {
    const plan = await ColdPlan.open(packingCase, options.policy, solver, { seed: options.seed, gap: 1e-3 });
    say(() => `${packingCase.instances.length} instances: ${dollars(plan.costMicroUsdPerHour)} $/h at the start`);
    await runColdPlan(plan, () => {
      const seconds = secondsSince(startedAt);
      say(() => `${dollars(plan.costMicroUsdPerHour)} $/h after ${seconds.toFixed(0)} s`);
      return options.seconds > 0 ? seconds / options.seconds : 1;
    });
    const nodes = plan.plan();
    const seconds = secondsSince(startedAt);

    const boundStartedAt = performance.now();
    let done = false;
    while (!done && secondsSince(boundStartedAt) < options.boundSeconds) {
      done = await plan.generateColumns(1);
      say(() => `bound: ${dollars(plan.boundMicroUsdPerHour)} $/h after ${secondsSince(boundStartedAt).toFixed(0)} s`);
    }
    const typesText =
      options.cap === undefined
        ? files.typesText
        : `${JSON.stringify(withCap(JSON.parse(files.typesText), options.cap))}\n`;
    const certificate = makeCertificate(
      plan.blocks.map((block, index) => ({ block, values: plan.valuesFor(index) })),
      { typesSha256: sha256(typesText), instancesSha256: sha256(files.instancesText) },
    );
    const certificateText = `${JSON.stringify(certificate, undefined, 1)}\n`;
    const boundSeconds = secondsSince(boundStartedAt);
    const verdict = verifyCertificate({ typesText, instancesText: files.instancesText, certificateText, sha256 });
    await plan.close();

    writeFileSync(fromWhereUserStands(options.certificate), certificateText);
    if (options.cap !== undefined) writeFileSync(`${fromWhereUserStands(options.certificate)}.types.json`, typesText);
    if (options.out !== undefined) {
      writeFileSync(
        fromWhereUserStands(options.out),
        `[\n${nodes.map((node) => JSON.stringify(node)).join(",\n")}\n]\n`,
      );
    }
    const violations = checkPlan(packingCase, nodes, options.policy);
    const usdPerHour = nodes.reduce((sum, { priceMicroUsdPerHour }) => sum + priceMicroUsdPerHour, 0) / 1e6;
    const lowerBound = Number(certificate.lowerBound) / 1e9;
    say(undefined);
    for (const { rule, where, detail } of violations.slice(0, 20)) console.error(`${rule}: ${where}: ${detail}`);
    if (!verdict.verified) {
      for (const { reason, object, because } of verdict.refusals.slice(0, 20)) {
        console.error(`${reason}: ${object}: ${because}`);
      }
    }
    console.log(
      JSON.stringify({
        usd_per_hour: rounded(usdPerHour, 6),
        nodes: nodes.length,
        lower_bound: rounded(lowerBound, 9),
        gap: lowerBound > 0 ? rounded(usdPerHour / lowerBound - 1, 6) : 0,
        certificate: options.certificate,
        verified: verdict.verified,
        seconds: rounded(seconds, 3),
        bound_seconds: rounded(boundSeconds, 3),
        violations: violations.length,
        iterations: plan.iterations,
        rounds: plan.rounds,
      }),
    );
    return verdict.verified && violations.length === 0 ? 0 : 1;
  } finally {
    await solver.close();
  }
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

import { parseArgs } from "node:util";
import { type PackingPolicy, STANDARD_POLICY } from "../src/index.ts";

export const USAGE = `usage: npm run pack -w packages/packing -- --types types.json --instances instances.json
  [--cap 16]             most instances on one node, where a type says more
  [--seconds 30]         for the plan
  [--bound-seconds 60]   for the lower bound, after it
  [--tenant-share 2]     percent of a tenant's instances that may share a node
  [--headroom FILE]      room that zones keep: [{name, zone, instances, cpuMilli, memoryMib, volumes}]
  [--commitments FILE]   what is paid for: [{name, units, unitPriceMicroUsdPerHour, sunkMicroUsdPerHour, types: [{type, units}]}]
  [--families 4]         most families of types, where instances fit in so few
  [--seed 1] [--out plan.json] [--certificate certificate.json]`;

export interface PackOptions {
  readonly types: string;
  readonly instances: string;
  readonly cap: number | undefined;
  readonly seconds: number;
  readonly boundSeconds: number;
  readonly policy: PackingPolicy;
  readonly headroom: string | undefined;
  readonly commitments: string | undefined;
  readonly families: number | undefined;
  readonly seed: number;
  readonly out: string | undefined;
  readonly certificate: string;
}

/** Throws an Error that names the option. */
export function readOptions(): PackOptions {
  const { values } = parseArgs({
    options: {
      types: { type: "string" },
      instances: { type: "string" },
      cap: { type: "string" },
      seconds: { type: "string", default: "30" },
      "bound-seconds": { type: "string", default: "60" },
      "tenant-share": { type: "string", default: String(STANDARD_POLICY.tenantSharePercent) },
      headroom: { type: "string" },
      commitments: { type: "string" },
      families: { type: "string" },
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
    headroom: values.headroom,
    commitments: values.commitments,
    families: values.families === undefined ? undefined : wholeNumber("families", values.families, 1, 1_000),
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

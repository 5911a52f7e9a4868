import { type At, amountOf, countOf, field, has, itemsOf, onlyFields, refuse, stringOf } from "./fields.ts";
import type { Capacity } from "./read-case.ts";
import { readJson } from "./read-json.ts";

/** certificate.json as it claims: bound/certificate.ts says what each field means. Amounts in nano-dollars an hour. */
export interface Claim {
  readonly typesSha256: string;
  readonly instancesSha256: string;
  /** undefined: it speaks of no commitments. */
  readonly commitmentsSha256: string | undefined;
  readonly commitments: readonly ClaimedCommitment[];
  readonly blocks: readonly ClaimedBlock[];
  readonly lowerBound: bigint;
}

export interface ClaimedCommitment {
  readonly name: string;
  /** Of one unit. */
  readonly value: bigint;
}

export interface ClaimedBlock {
  readonly zones: readonly string[];
  readonly classes: readonly ClaimedClass[];
  readonly offers: readonly ClaimedOffer[];
  readonly lowerBound: bigint;
}

export interface ClaimedClass {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  readonly zones: readonly string[];
  readonly demand: number;
  readonly dual: bigint;
}

export interface ClaimedOffer extends Capacity {
  readonly type: string;
  readonly zone: string;
  readonly priceMicroUsdPerHour: number;
  readonly proof: ClaimedProof;
}

export type ClaimedProof = ExactProof | RelaxedProof | DominatedProof;

export interface ExactProof {
  readonly kind: "exact";
  readonly z: bigint;
  readonly pattern: readonly { readonly classIndex: number; readonly count: number }[];
}

export interface RelaxedProof {
  readonly kind: "relaxed";
  readonly z: bigint;
  readonly multipliers: {
    readonly cpuMilli: bigint;
    readonly memoryMib: bigint;
    readonly volumes: bigint;
    readonly instances: bigint;
  };
  readonly cpuUnitMilli: Unit | undefined;
  readonly memoryUnitMib: Unit | undefined;
}

export interface DominatedProof {
  readonly kind: "dominated";
  readonly by: string;
}

export interface Unit {
  readonly numerator: number;
  readonly denominator: number;
}

/** Throws FormatError or JsonError; a field that the format does not know is refused too. */
export function readCertificate(text: string): Claim {
  const root: At = { value: readJson(text), place: "certificate.json " };
  onlyFields(root, ["version", "unit", "inputs", "commitments", "blocks", "lowerBound"]);
  const version = field(root, "version");
  if (countOf(version) !== 1) refuse(version, "1");
  const unit = field(root, "unit");
  if (stringOf(unit) !== "nano_usd_per_hour") refuse(unit, "nano_usd_per_hour");
  const inputs = onlyFields(field(root, "inputs"), ["typesSha256", "instancesSha256", "commitmentsSha256"]);
  return {
    typesSha256: stringOf(field(inputs, "typesSha256")),
    instancesSha256: stringOf(field(inputs, "instancesSha256")),
    commitmentsSha256: has(inputs, "commitmentsSha256") ? stringOf(field(inputs, "commitmentsSha256")) : undefined,
    commitments: has(root, "commitments") ? itemsOf(field(root, "commitments")).map(readCommitment) : [],
    blocks: itemsOf(field(root, "blocks")).map(readBlock),
    lowerBound: amountOf(field(root, "lowerBound")),
  };
}

function readCommitment(at: At): ClaimedCommitment {
  onlyFields(at, ["name", "value"]);
  return { name: stringOf(field(at, "name")), value: amountOf(field(at, "value")) };
}

function readBlock(at: At): ClaimedBlock {
  onlyFields(at, ["zones", "classes", "offers", "lowerBound"]);
  return {
    zones: itemsOf(field(at, "zones")).map(stringOf),
    classes: itemsOf(field(at, "classes")).map(readClass),
    offers: itemsOf(field(at, "offers")).map(readOffer),
    lowerBound: amountOf(field(at, "lowerBound")),
  };
}

function readClass(at: At): ClaimedClass {
  onlyFields(at, ["cpuMilli", "memoryMib", "volumes", "zones", "demand", "dual"]);
  return {
    cpuMilli: countOf(field(at, "cpuMilli")),
    memoryMib: countOf(field(at, "memoryMib")),
    volumes: countOf(field(at, "volumes")),
    zones: itemsOf(field(at, "zones")).map(stringOf),
    demand: countOf(field(at, "demand")),
    dual: amountOf(field(at, "dual")),
  };
}

function readOffer(at: At): ClaimedOffer {
  onlyFields(at, ["type", "zone", "priceMicroUsdPerHour", "cpuMilli", "memoryMib", "volumes", "instances", "proof"]);
  return {
    type: stringOf(field(at, "type")),
    zone: stringOf(field(at, "zone")),
    priceMicroUsdPerHour: countOf(field(at, "priceMicroUsdPerHour")),
    cpuMilli: countOf(field(at, "cpuMilli")),
    memoryMib: countOf(field(at, "memoryMib")),
    volumes: countOf(field(at, "volumes")),
    instances: countOf(field(at, "instances")),
    proof: readProof(field(at, "proof")),
  };
}

function readProof(at: At): ClaimedProof {
  const kind = field(at, "kind");
  switch (stringOf(kind)) {
    case "exact":
      onlyFields(at, ["kind", "z", "pattern"]);
      return { kind: "exact", z: amountOf(field(at, "z")), pattern: itemsOf(field(at, "pattern")).map(readTaken) };
    case "relaxed": {
      onlyFields(at, ["kind", "z", "multipliers", "cpuUnitMilli", "memoryUnitMib"]);
      const multipliers = onlyFields(field(at, "multipliers"), ["cpuMilli", "memoryMib", "volumes", "instances"]);
      return {
        kind: "relaxed",
        z: amountOf(field(at, "z")),
        multipliers: {
          cpuMilli: amountOf(field(multipliers, "cpuMilli")),
          memoryMib: amountOf(field(multipliers, "memoryMib")),
          volumes: amountOf(field(multipliers, "volumes")),
          instances: amountOf(field(multipliers, "instances")),
        },
        cpuUnitMilli: has(at, "cpuUnitMilli") ? readUnit(field(at, "cpuUnitMilli")) : undefined,
        memoryUnitMib: has(at, "memoryUnitMib") ? readUnit(field(at, "memoryUnitMib")) : undefined,
      };
    }
    case "dominated":
      onlyFields(at, ["kind", "by"]);
      return { kind: "dominated", by: stringOf(field(at, "by")) };
    default:
      return refuse(kind, "exact, relaxed or dominated");
  }
}

function readTaken(at: At): { readonly classIndex: number; readonly count: number } {
  const pair = itemsOf(at);
  const [classIndex, count] = pair;
  if (pair.length !== 2 || classIndex === undefined || count === undefined)
    return refuse(at, "[index of class, count]");
  return { classIndex: countOf(classIndex), count: countOf(count) };
}

function readUnit(at: At): Unit {
  const pair = itemsOf(at);
  const [numerator, denominator] = pair;
  if (pair.length !== 2 || numerator === undefined || denominator === undefined) {
    return refuse(at, "[numerator, denominator]");
  }
  const unit = { numerator: countOf(numerator), denominator: countOf(denominator) };
  return unit.numerator > 0 && unit.denominator > 0 ? unit : refuse(at, "a rational number > 0");
}

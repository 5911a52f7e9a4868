import type { ValuedCommitment } from "../case/commitments.ts";
import type { Block } from "../cold/blocks.ts";
import { dominators } from "../cold/dominance.ts";
import { TablePricing } from "../cold/table-pricing.ts";
import { cellsOf } from "../cold/units.ts";
import { MaxPlusTable } from "../table/max-plus-table.ts";
import type { Certificate, CertificateBlock, CertificateOffer, OfferProof } from "./certificate.ts";
import { mostInTable } from "./exact-table.ts";

const NANO_PER_MICRO = 1_000;
/** Tables that may look for good multipliers; most offers need one, and those that the bound hangs on a few. */
const MOST_TABLES = 40;
/** Of these, as many as count where units are chosen so that all tables together stay within STEPS. */
const TABLES = 5;
/**
 * An offer whose z is at most this share of its price takes nearly nothing from the bound, as values come at that scale; nor
 * does one whose share is below another's.
 */
const ENOUGH = 0.9999;
/** Units of a dimension in a proof's table, where its sizes have no grain of their own. */
const MOST_CELLS = 1_000;
const LEAST_CELLS = 60;
/** Steps that all tables of a certificate may take: fewer units where classes and offers are many. */
const STEPS = 3_000_000_000;

/** A block and what its instances are worth, by class in micro-dollars an hour: any values >= 0 give a bound. */
export interface ValuedBlock {
  readonly block: Block;
  readonly values: Float64Array;
}

/**
 * Makes the certificate of a lower bound out of values by class, in whole nano-dollars: values round down, and each offer's
 * z is computed anew from them, so nothing rests on a float of the solver. O(offers x tables) for each block.
 */
export function makeCertificate(
  blocks: readonly ValuedBlock[],
  inputs: Certificate["inputs"],
  commitments?: readonly ValuedCommitment[],
): Certificate {
  const made = blocks.map((block) => certifyBlock(block, blocks.length));
  const sum =
    made.reduce((all, block) => all + BigInt(block.lowerBound), 0n) -
    (commitments ?? []).reduce(
      (all, { units, valueMicroUsdPerHour }) => all + BigInt(units) * nano(valueMicroUsdPerHour),
      0n,
    );
  return {
    version: 1,
    unit: "nano_usd_per_hour",
    inputs,
    ...(commitments === undefined
      ? {}
      : {
          commitments: commitments.map(({ name, valueMicroUsdPerHour }) => ({
            name,
            value: nano(valueMicroUsdPerHour).toString(),
          })),
        }),
    blocks: made,
    lowerBound: (sum > 0n ? sum : 0n).toString(),
  };
}

function certifyBlock({ block, values }: ValuedBlock, allBlocks: number): CertificateBlock {
  const { problem, classes } = block;
  const duals = values.map((value) => Math.floor(value * NANO_PER_MICRO));
  const by = dominators(problem);
  const tables = Math.max(1, classes.length * by.filter((other) => other === -1).length * (TABLES + 1) * allBlocks);
  const cells = Math.floor(Math.sqrt(STEPS / tables));
  const pricing = new TablePricing(problem, Math.max(LEAST_CELLS, Math.min(MOST_CELLS, cells)));
  const proofs = new Map<string, OfferProof>();
  const scratch = new MaxPlusTable();
  let worst = ENOUGH;
  const prove = (offer: number) => {
    const proof = proveRelaxed(block, offer, duals, pricing, worst, scratch);
    worst = Math.max(worst, Number(proof.z) / NANO_PER_MICRO / (problem.prices[offer] as number));
    return proof;
  };
  const offers = block.offers.map(({ type, zone }, offer): CertificateOffer => {
    const proof: OfferProof =
      by[offer] === -1
        ? sharedProof(block, offer, proofs, () => prove(offer))
        : { kind: "dominated", by: (block.offers[by[offer] as number] as { type: { name: string } }).type.name };
    const { name, priceMicroUsdPerHour, cpuMilli, memoryMib, volumes, instances } = type;
    return { type: name, zone, priceMicroUsdPerHour, cpuMilli, memoryMib, volumes, instances, proof };
  });
  const demandOf = (c: number) => problem.demand[c] as number;
  return {
    zones: block.zones,
    classes: classes.map((one, c) => ({ ...one, dual: String(duals[c]) })),
    offers,
    lowerBound: boundOf(duals, demandOf, offers, problem.prices).toString(),
  };
}

/** Offers of one shape in zones that take the same classes have one proof. */
function sharedProof(block: Block, offer: number, known: Map<string, OfferProof>, prove: () => OfferProof): OfferProof {
  const { problem } = block;
  const { dimensions, classes, admits, zoneOf } = problem;
  const zone = zoneOf[offer] as number;
  const key = JSON.stringify([
    Array.from(problem.capacities.subarray(offer * dimensions, (offer + 1) * dimensions)),
    Array.from(admits.subarray(zone * classes, (zone + 1) * classes)).join(""),
  ]);
  const proof = known.get(key) ?? prove();
  known.set(key, proof);
  return proof;
}

function proveRelaxed(
  block: Block,
  offer: number,
  duals: Float64Array,
  pricing: TablePricing,
  enough: number,
  scratch: MaxPlusTable,
): OfferProof & { readonly kind: "relaxed" } {
  const { problem } = block;
  const { dimensions, classes, sizes, demand, capacities, admits, zoneOf } = problem;
  const price = problem.prices[offer] as number;
  pricing.search(offer, duals, MOST_TABLES, enough * NANO_PER_MICRO * price, Number.POSITIVE_INFINITY, 0);
  const relaxation = pricing.relaxationOf(offer);
  const { unitP, unitQ, isFluid } = relaxation;
  // Where instances may be cut, multipliers that are a little too large leave nothing beyond sizes that were worth just that.
  const multipliers = relaxation.multipliers.map(isFluid ? Math.ceil : Math.round);
  const zone = zoneOf[offer] as number;
  const size = (c: number, d: number) => sizes[c * dimensions + d] as number;
  const room = (d: number) => capacities[offer * dimensions + d] as number;
  const members = Array.from({ length: classes }, (_, c) => c).filter((c) => admits[zone * classes + c] === 1);
  const table = members.map((c) => {
    let value = duals[c] as number;
    for (let d = 0; d < dimensions; d++) value -= (multipliers[d] as number) * size(c, d);
    return { p: cellsOf(size(c, 0), unitP), q: cellsOf(size(c, 1), unitQ), value, demand: demand[c] as number };
  });
  let z = mostInTable(scratch, table, cellsOf(room(0), unitP), cellsOf(room(1), unitQ));
  for (let d = 0; d < dimensions; d++) z += (multipliers[d] as number) * room(d);
  if (!Number.isSafeInteger(z)) throw new RangeError("the duals are too large to add up exactly");
  const [cpuMilli = 0, memoryMib = 0, volumes = 0, instances = 0] = multipliers;
  return {
    kind: "relaxed",
    z: String(z),
    multipliers: {
      cpuMilli: String(cpuMilli),
      memoryMib: String(memoryMib),
      volumes: String(volumes),
      instances: String(instances),
    },
    cpuUnitMilli: unitP,
    memoryUnitMib: unitQ,
  };
}

const nano = (micro: number) => BigInt(micro) * BigInt(NANO_PER_MICRO);

/** floor(duals . demand, times the least price / z): in nano-dollars, as a rational until the end. */
function boundOf(
  duals: Float64Array,
  demandOf: (c: number) => number,
  offers: readonly CertificateOffer[],
  prices: Float64Array,
): bigint {
  let worth = 0n;
  duals.forEach((dual, c) => {
    worth += BigInt(dual) * BigInt(demandOf(c));
  });
  let price: bigint | undefined;
  let most = 1n;
  for (const [offer, { proof }] of offers.entries()) {
    if (proof.kind === "dominated" || proof.z === "0") continue;
    const own = nano(prices[offer] as number);
    const z = BigInt(proof.z);
    if (price === undefined || own * most < price * z) {
      price = own;
      most = z;
    }
  }
  return price === undefined ? 0n : (worth * price) / most;
}

import type { Solver } from "@berth/ports";
import type { ValuedCommitment } from "../case/commitments.ts";
import { type PackingCase, type PackingPolicy, type PlanNode, tenantLimit } from "../case/packing-case.ts";
import { Bins } from "./bins.ts";
import { type Block, blocksOf } from "./blocks.ts";
import { chooseZones } from "./choose-zones.ts";
import { ColumnGeneration } from "./columns.ts";
import { diveForBins } from "./dive.ts";
import { fluidValues } from "./fluid-values.ts";
import { greedyPatterns } from "./greedy.ts";
import { Improvement } from "./improve.ts";
import type { Items } from "./items.ts";
import { realise } from "./realise.ts";
import { type Pattern, patternOf } from "./vector-problem.ts";

export interface ColdPlanOptions {
  readonly seed: number;
  /** Column generation ends when the bound is within this share of the master program's cost. */
  readonly gap: number;
  /** Units that are paid for already, at values of `valueCommitments`. */
  readonly commitments?: readonly ValuedCommitment[];
}

/** Units of a dimension in a pricing table, where its sizes have no grain of their own. */
const CELLS_PER_DIMENSION = 150;

/** The bins that columns give are searched on from though they cost a little more: search betters them faster. */
const WORTH_A_START = 1.01;

/** One zone of a block: its instances as items, and the search for its plan. */
interface ZoneFleet {
  readonly block: number;
  readonly zone: number;
  readonly items: Items;
  /** Of each item, its place in the block's instances. */
  readonly instanceOf: Int32Array;
  readonly offers: readonly number[];
  readonly offersByPrice: Int32Array;
  /** Of the search that begins at the dive's bins. */
  readonly seed: number;
  improvement: Improvement;
}

/**
 * The plan of a whole fleet: which machines to run, and what runs on each.
 *
 * Open it, and there is a plan; `improve` and `generateColumns` go on for a number of iterations or rounds, in any order and
 * as often as the caller has time for. The same calls give the same plan on any machine; no call looks at a clock.
 *
 * 1. Each zone by itself: patterns one after the other, the most value for its price, at values of a fluid program.
 * 2. Item by item: clusters, tenants, the cap; then ruin and recreate.
 * 3. Column generation for each block gives better values, the bound, and its certificate.
 */
export class ColdPlan {
  readonly blocks: readonly Block[];
  readonly columns: readonly ColumnGeneration[];
  readonly #fleets: readonly ZoneFleet[];
  readonly #fluid: readonly Float64Array[];
  #columnsDone: boolean[];

  /** Throws where an instance fits no type in any of its zones: readCase refuses such a case. */
  static async open(
    packingCase: PackingCase,
    policy: PackingPolicy,
    solver: Solver,
    options: ColdPlanOptions,
  ): Promise<ColdPlan> {
    const blocks = blocksOf(packingCase, options.commitments ?? []);
    const columns: ColumnGeneration[] = [];
    for (const { problem } of blocks) {
      columns.push(
        await ColumnGeneration.open(problem, solver, { cellsPerDimension: CELLS_PER_DIMENSION, gap: options.gap }),
      );
    }
    const tenants = tenantsOf(packingCase, policy);
    const fleets: ZoneFleet[] = [];
    const fluid: Float64Array[] = [];
    for (const [index, block] of blocks.entries()) {
      const generation = columns[index] as ColumnGeneration;
      const values = await fluidValues(block.problem, generation.offers, solver);
      fluid.push(values);
      generation.beginAt(values);
      const zoneOf = chooseZones(block);
      for (const zone of block.zones.keys()) {
        fleets.push(openFleet(block, index, zone, zoneOf, tenants, generation.offers, values, options.seed));
      }
    }
    return new ColdPlan(blocks, columns, fleets, fluid);
  }

  private constructor(
    blocks: readonly Block[],
    columns: readonly ColumnGeneration[],
    fleets: readonly ZoneFleet[],
    fluid: readonly Float64Array[],
  ) {
    this.#fluid = fluid;
    this.blocks = blocks;
    this.columns = columns;
    this.#fleets = fleets;
    this.#columnsDone = blocks.map(() => false);
  }

  /** At the problem's prices: lower ones for types of a commitment. */
  get costMicroUsdPerHour(): number {
    return this.#fleets.reduce((sum, { improvement }) => sum + improvement.best.cost, 0);
  }

  /** The best bound so far, as a float: the certificate says it exactly. */
  get boundMicroUsdPerHour(): number {
    return this.columns.reduce((sum, { bound }) => sum + bound, 0);
  }

  /** What the classes of a block are worth for its bound: from column generation, or at first from the fluid program. */
  valuesFor(block: number): Float64Array {
    const generation = this.columns[block] as ColumnGeneration;
    return generation.rounds > 1 ? generation.bestValues : (this.#fluid[block] as Float64Array);
  }

  get iterations(): number {
    return this.#fleets.reduce((sum, { improvement }) => sum + improvement.iterations, 0);
  }

  get rounds(): number {
    return this.columns.reduce((sum, { rounds }) => sum + rounds, 0);
  }

  /** So many iterations of ruin and recreate in every zone. */
  improve(iterations: number): void {
    for (const { improvement } of this.#fleets) improvement.run(iterations);
  }

  /** So many rounds of column generation in every block; true when all have ended. The values serve `improve` from then on. */
  async generateColumns(rounds: number): Promise<boolean> {
    for (const [index, generation] of this.columns.entries()) {
      if (this.#columnsDone[index]) continue;
      this.#offerBins(index);
      const known = generation.patterns.length;
      this.#columnsDone[index] = await generation.run(rounds);
      this.#share(index, generation.patterns.slice(known));
    }
    return this.#columnsDone.every((done) => done);
  }

  /** The bins that the plan has by now are good patterns too. */
  #offerBins(block: number): void {
    const generation = this.columns[block] as ColumnGeneration;
    for (const { items, improvement, block: of } of this.#fleets) {
      if (of !== block) continue;
      const { size, stride, offerOf, countOf, itemsOf } = improvement.best;
      for (let bin = 0; bin < size; bin++) {
        const counts = new Int32Array(items.problem.classes);
        for (let i = 0; i < (countOf[bin] as number); i++) {
          const c = items.classOf[itemsOf[bin * stride + i] as number] as number;
          counts[c] = (counts[c] as number) + 1;
        }
        generation.addPattern(patternOf(offerOf[bin] as number, counts));
      }
    }
  }

  /** A pattern that is good in one block is good in others, where they have its classes. */
  #share(from: number, patterns: readonly Pattern[]): void {
    const source = this.blocks[from] as Block;
    for (const [to, target] of this.blocks.entries()) {
      if (to === from || this.#columnsDone[to]) continue;
      for (const pattern of patterns) {
        const translated = translate(pattern, source, target);
        if (translated !== undefined) (this.columns[to] as ColumnGeneration).addPattern(translated);
      }
    }
  }

  /** Starts zones anew from the columns where that costs little more, and searches at their values from now on. */
  async useColumns(): Promise<void> {
    for (const fleet of this.#fleets) {
      const generation = this.columns[fleet.block] as ColumnGeneration;
      if (generation.rounds === 0) continue;
      const isWhole = (this.blocks[fleet.block] as Block).zones.length === 1;
      const values = generation.values;
      const patterns = isWhole
        ? await diveForBins(generation)
        : greedyPatterns(fleet.items.problem, fleet.offers, values, fleet.items.problem.demand);
      const bins = startOf(fleet.items, patterns, fleet.offersByPrice);
      const before = fleet.improvement;
      if (bins.cost < before.best.cost * WORTH_A_START) {
        const { offers, offersByPrice, seed } = fleet;
        fleet.improvement = new Improvement(bins, offers, offersByPrice, values, seed, before.best);
        fleet.improvement.iterations = before.iterations;
      } else {
        before.setValues(values);
      }
    }
  }

  plan(): PlanNode[] {
    return this.#fleets.flatMap(({ block, improvement, instanceOf }) => {
      const { offers, instances } = this.blocks[block] as Block;
      const bins = improvement.best;
      return Array.from({ length: bins.size }, (_, bin): PlanNode => {
        const { type, zone } = offers[bins.offerOf[bin] as number] as Block["offers"][number];
        const start = bin * bins.stride;
        const items = bins.itemsOf.subarray(start, start + (bins.countOf[bin] as number));
        return {
          type: type.name,
          zone,
          priceMicroUsdPerHour: type.priceMicroUsdPerHour,
          instances: Array.from(items, (item) => instances[instanceOf[item] as number]?.name ?? "").sort(),
        };
      });
    });
  }

  async close(): Promise<void> {
    for (const generation of this.columns) await generation.close();
  }
}

/** The pattern in another block: the same type and sizes; undefined where the other lacks one of them. */
function translate(pattern: Pattern, source: Block, target: Block): Pattern | undefined {
  if (source.zones.length > 1 || target.zones.length > 1) return undefined;
  const { type } = source.offers[pattern.offer] as Block["offers"][number];
  const offer = target.offers.findIndex((one) => one.type === type);
  if (offer === -1) return undefined;
  const counts = new Int32Array(target.problem.classes);
  for (const [i, c] of pattern.classes.entries()) {
    const { cpuMilli, memoryMib, volumes } = source.classes[c] as Block["classes"][number];
    const other = target.classes.findIndex(
      (one) => one.cpuMilli === cpuMilli && one.memoryMib === memoryMib && one.volumes === volumes,
    );
    if (other === -1) return undefined;
    counts[other] = Math.min(pattern.counts[i] as number, target.problem.demand[other] as number);
  }
  return patternOf(offer, counts);
}

interface Tenants {
  readonly index: ReadonlyMap<string, number>;
  readonly limits: Int32Array;
}

function tenantsOf({ instances }: PackingCase, policy: PackingPolicy): Tenants {
  const counts = new Map<string, number>();
  for (const { tenant } of instances) if (tenant !== undefined) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  return {
    index: new Map([...counts.keys()].map((tenant, index) => [tenant, index])),
    limits: Int32Array.from(counts.values(), (count) => tenantLimit(count, policy)),
  };
}

function openFleet(
  block: Block,
  blockIndex: number,
  zone: number,
  zoneOf: Int32Array,
  tenants: Tenants,
  candidates: readonly number[],
  values: Float64Array,
  seed: number,
): ZoneFleet {
  const { problem } = block;
  const instanceOf = Int32Array.from(Array.from(zoneOf.keys()).filter((index) => zoneOf[index] === zone));
  const clusters = new Map<string, number>();
  const clusterOf = instanceOf.map((index) => {
    const cluster = block.instances[index]?.cluster;
    if (cluster === undefined) return -1;
    const known = clusters.get(cluster) ?? clusters.size;
    clusters.set(cluster, known);
    return known;
  });
  const demand = new Int32Array(problem.classes);
  const classOf = instanceOf.map((index) => block.classOf[index] as number);
  for (const c of classOf) demand[c] = (demand[c] as number) + 1;
  const items: Items = {
    problem: { ...problem, demand },
    count: instanceOf.length,
    classOf,
    clusterOf,
    tenantOf: instanceOf.map((index) => tenants.index.get(block.instances[index]?.tenant ?? "") ?? -1),
    tenantLimit: tenants.limits,
  };
  const offers = candidates.filter((offer) => problem.zoneOf[offer] === zone);
  const offersByPrice = Int32Array.from(
    [...offers].sort((a, b) => (problem.prices[a] as number) - (problem.prices[b] as number) || a - b),
  );
  const bins = startOf(items, greedyPatterns(items.problem, offers, values, demand), offersByPrice);
  const own = seed * 1_000 + blockIndex * 31 + zone;
  const improvement = new Improvement(bins, offers, offersByPrice, values, own);
  return { block: blockIndex, zone, items, instanceOf, offers, offersByPrice, seed: own + items.count, improvement };
}

function startOf(items: Items, patterns: Parameters<typeof realise>[1], offersByPrice: Int32Array): Bins {
  const bins = new Bins(items);
  realise(bins, patterns, offersByPrice);
  for (let bin = 0; bin < bins.size; bin++) bins.shrink(bin, offersByPrice);
  return bins;
}

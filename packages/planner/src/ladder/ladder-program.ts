import { addGuardRails } from "./guard-rail-rows.ts";
import { leaveOutDominated } from "./leave-out-dominated.ts";
import { discountFactors, heldHourlyMicroUsd, PAYMENT_SCALE, paymentsWithin, priceOf } from "./payments.ts";
import { HOURS, type PlanFamily, type PlanningCase, TERM_MONTHS } from "./planning-case.ts";
import { ProgramBuilder } from "./program-builder.ts";

/** The program of a plan: where its purchases stand among the columns. */
export interface LadderProgram {
  readonly builder: ProgramBuilder;
  /** By product and month; -1 for what is not looked at. */
  readonly bought: readonly Int32Array[];
  /** What the objective is short of. */
  readonly constantUsd: number;
}

/** Where the rest of the program finds units that are active: by product's family or pool and term, a column a month. */
export interface Active {
  readonly termMonths: number;
  /** A reserved product's family, or the product that is a savings plan. */
  readonly family: number | undefined;
  readonly pool: number | undefined;
  /** Of the products in it: all have the same worth. */
  readonly products: readonly number[];
  readonly columns: Int32Array;
}

/**
 * The mixed-integer program of docs/planner.md, in dollars and units, kept small by three things: a month's active units are a
 * variable of their own (this month's are the last month's and what is bought less what ends), so no row names more than a
 * few; the demand of a family that shares it with no other is a duration curve, of which units that are active fill one step after
 * the other, so that a month is one row; and products that another is never worse than are left out.
 *
 * `baseNanoUsd`: what buying nothing costs in each scenario. O(scenarios x months x segments x families) columns.
 */
export function ladderProgram(planning: PlanningCase, baseNanoUsd: readonly bigint[]): LadderProgram {
  const { months, products, families, scenarios, risk } = planning;
  const builder = new ProgramBuilder();
  const factors = discountFactors(months, planning.discountPercent);
  const isRisky = risk.weightPercent > 0 || risk.mostLossMicroUsd !== undefined;
  const inObjective = 1 - risk.weightPercent / 100;
  const losses = isRisky ? lossRows(planning, builder, baseNanoUsd) : [];

  // Purchases.
  const leftOut = leaveOutDominated(planning);
  const most = mostUnits(planning);
  const bought = products.map((product, p) =>
    Int32Array.from({ length: months }, (_, m) => {
      if ((leftOut[p] as readonly boolean[])[m] === true) return -1;
      const scaled = paymentsWithin(priceOf(product), TERM_MONTHS[product.term], m, months, factors);
      const usd = Number(scaled) / Number(PAYMENT_SCALE) / 1e9;
      const column = builder.column({ cost: usd * inObjective, most: most[p] as number, whole: true });
      for (const row of losses) builder.entry(row, column, -usd);
      return column;
    }),
  );

  // What is active.
  const actives = activeGroups(planning).map((group): Active => {
    const columns = Int32Array.from({ length: months }, () => builder.column({}));
    columns.forEach((column, m) => {
      const row = builder.row(0, 0);
      builder.entry(row, column, 1);
      if (m > 0) builder.entry(row, columns[m - 1] as number, -1);
      for (const p of group.products) {
        const now = (bought[p] as Int32Array)[m] as number;
        const ended = m < group.termMonths ? -1 : ((bought[p] as Int32Array)[m - group.termMonths] as number);
        if (now >= 0) builder.entry(row, now, -1);
        if (ended >= 0) builder.entry(row, ended, 1);
      }
    });
    return { ...group, columns };
  });

  // What is left on demand.
  const weights = scenarios.reduce((sum, { weight }) => sum + weight, 0);
  const isSimple = families.map(
    (_, f) =>
      planning.demands.every(({ options }) => options.length === 1 || options.every(({ family }) => family !== f)) &&
      [...products, ...planning.held].every((one) => one.kind === "reserved" || one.rates[f] === 0),
  );
  const rest = (f: number, hoursShare: number, hours: number, m: number, scenario: number | undefined, row: number) => {
    const usd = ((families[f] as PlanFamily).onDemandMicroUsdPerHour * (factors[m] as number)) / 1e15;
    const column = builder.column({ cost: usd * hoursShare * inObjective });
    builder.entry(row, column, 1);
    if (scenario !== undefined) builder.entry(losses[scenario] as number, column, -usd * hours);
  };
  const activeIn = (row: number, f: number, m: number, value = 1) => {
    for (const { family, columns } of actives) if (family === f) builder.entry(row, columns[m] as number, value);
  };
  let constantUsd = 0;
  for (let m = 0; m < months; m++) {
    for (const { scenario, hours, milliUnits } of hoursOf(planning, m, isRisky)) {
      const share =
        scenario === undefined
          ? hours / weights
          : hours * ((scenarios[scenario] as { weight: number }).weight / weights);
      addJointHours(m, scenario, share, scenario === undefined ? share : hours, milliUnits);
    }
    families.forEach((_, f) => {
      if (isSimple[f] !== true) return;
      for (const curve of curvesOf(planning, m, f, isRisky)) addCurve(m, f, curve);
    });
  }

  /** Step k of the curve is what is used above its level k: the higher, the fewer hours, so that lower steps fill first by themselves. */
  function addCurve(m: number, f: number, { scenario, share, steps }: Curve): void {
    const held = heldUnits(planning, f, m);
    const usd = ((families[f] as PlanFamily).onDemandMicroUsdPerHour * (factors[m] as number)) / 1e15;
    const row = builder.row(Number.NEGATIVE_INFINITY, 0);
    activeIn(row, f, m, -1);
    for (const { from, to, hours } of steps) {
      const width = to - Math.max(from, held);
      if (width <= 0) continue;
      const saved = usd * hours;
      const column = builder.column({ cost: -saved * share * inObjective, most: width });
      builder.entry(row, column, 1);
      constantUsd += saved * width * share * inObjective;
      if (scenario === undefined) continue;
      const loss = losses[scenario] as number;
      builder.entry(loss, column, saved);
      builder.shift(loss, saved * width);
    }
  }

  function addJointHours(
    m: number,
    scenario: number | undefined,
    share: number,
    hours: number,
    milliUnits: readonly number[],
  ): void {
    const rows = families.map((_, f) => {
      if (isSimple[f] === true) return -1;
      const row = builder.row(
        fixedUnits(planning, f, milliUnits) - heldUnits(planning, f, m),
        Number.POSITIVE_INFINITY,
      );
      activeIn(row, f, m);
      rest(f, share, hours, m, scenario, row);
      return row;
    });
    planning.demands.forEach(({ options }, d) => {
      const wanted = (milliUnits[d] as number) / 1_000;
      if (options.length === 1 || wanted === 0) return;
      const choice = builder.row(wanted, wanted);
      for (const { family, milliUnits: each } of options) {
        const column = builder.column({});
        builder.entry(choice, column, 1);
        builder.entry(rows[family] as number, column, -each / 1_000);
      }
    });
    const pool = (rates: readonly number[], committedUsd: number, active: number | undefined, stepUsd: number) => {
      const row = builder.row(Number.NEGATIVE_INFINITY, committedUsd);
      if (active !== undefined) builder.entry(row, active, -stepUsd);
      rates.forEach((rate, f) => {
        if (rate === 0) return;
        const column = builder.column({});
        builder.entry(row, column, rate / 1e6);
        builder.entry(rows[f] as number, column, 1);
      });
    };
    for (const { pool: p, columns } of actives) {
      const product = p === undefined ? undefined : products[p];
      if (product?.kind === "savings_plan") {
        pool(product.rates, 0, columns[m] as number, product.stepMicroUsdPerHour / 1e6);
      }
    }
    for (const one of planning.held) {
      if (one.kind !== "savings_plan" || m < one.startMonth || m >= one.endMonth) continue;
      pool(one.rates, one.committedMicroUsdPerHour / 1e6, undefined, 0);
    }
  }

  if (planning.guardRails) addGuardRails(planning, builder, bought, actives);
  return { builder, bought, constantUsd };
}

/** Value at risk, the losses above it, and their mean: the rows by which each scenario's loss is told. */
function lossRows(planning: PlanningCase, builder: ProgramBuilder, baseNanoUsd: readonly bigint[]): readonly number[] {
  const { scenarios, risk, held, months } = planning;
  const weights = scenarios.reduce((sum, { weight }) => sum + weight, 0);
  const inObjective = risk.weightPercent / 100;
  const tail = 1 - risk.alphaPercent / 100;
  const most = risk.mostLossMicroUsd === undefined ? Number.POSITIVE_INFINITY : risk.mostLossMicroUsd / 1e6;
  const limit = builder.row(Number.NEGATIVE_INFINITY, most);
  const atRisk = builder.column({ cost: inObjective, least: Number.NEGATIVE_INFINITY });
  builder.entry(limit, atRisk, 1);
  const factors = discountFactors(months, planning.discountPercent);
  const heldUsd = held.reduce((sum, one) => sum + heldCostUsd(one, months, factors), 0);
  return scenarios.map(({ weight }, s) => {
    // The base has what is held in it; the loss has not, on neither side.
    const base = Number(baseNanoUsd[s] as bigint) / 1e9 - heldUsd;
    const row = builder.row(-base, Number.POSITIVE_INFINITY);
    const above = builder.column({ cost: (inObjective * weight) / weights / tail });
    builder.entry(row, atRisk, 1);
    builder.entry(row, above, 1);
    builder.entry(limit, above, weight / weights / tail);
    return row;
  });
}

function heldCostUsd(one: PlanningCase["held"][number], months: number, factors: readonly number[]): number {
  let usd = 0;
  for (let m = Math.max(0, one.startMonth); m < Math.min(months, one.endMonth); m++) {
    usd += (heldHourlyMicroUsd(one) * HOURS * (factors[m] as number)) / 1e15;
  }
  return usd;
}

interface Hours {
  readonly scenario: number | undefined;
  readonly hours: number;
}

/** Hours by weight, those with equal demand together; by scenario, unweighted, where losses are told apart. Only where families are joint. */
function hoursOf(
  planning: PlanningCase,
  m: number,
  byScenario: boolean,
): readonly (Hours & { readonly milliUnits: readonly number[] })[] {
  const isJoint =
    planning.demands.some(({ options }) => options.length > 1) ||
    [...planning.products, ...planning.held].some(({ kind }) => kind === "savings_plan");
  if (!isJoint) return [];
  const found = new Map<string, { scenario: number | undefined; hours: number; milliUnits: readonly number[] }>();
  planning.scenarios.forEach(({ months, weight }, s) => {
    for (const { hours, milliUnits } of months[m] ?? []) {
      const key = `${byScenario ? s : ""}/${milliUnits.join()}`;
      const there = found.get(key);
      const more = byScenario ? hours : hours * weight;
      if (there === undefined) found.set(key, { scenario: byScenario ? s : undefined, hours: more, milliUnits });
      else there.hours += more;
    }
  });
  return [...found.values()];
}

/** The duration curve of a month: in so many hours demand is above any level of a step. */
interface Curve {
  readonly scenario: number | undefined;
  /** How much of the expected cost it is. */
  readonly share: number;
  /** Upwards from 0, in units, without a gap. */
  readonly steps: readonly { readonly from: number; readonly to: number; readonly hours: number }[];
}

/** Of demand that one family alone can serve: one for all scenarios by weight, or one for each where losses are told apart. */
function curvesOf(planning: PlanningCase, m: number, f: number, byScenario: boolean): readonly Curve[] {
  const { scenarios } = planning;
  const weights = scenarios.reduce((sum, { weight }) => sum + weight, 0);
  const hoursOfLevel = (of: PlanningCase["scenarios"], weigh: (weight: number) => number) => {
    const hours = new Map<number, number>();
    for (const { months, weight } of of) {
      for (const segment of months[m] ?? []) {
        const level = fixedUnits(planning, f, segment.milliUnits);
        hours.set(level, (hours.get(level) ?? 0) + segment.hours * weigh(weight));
      }
    }
    return hours;
  };
  const stepsOf = (hours: ReadonlyMap<number, number>) => {
    const levels = [...hours].toSorted(([a], [b]) => b - a);
    let above = 0;
    return levels
      .map(([to, more], index) => {
        above += more;
        return { from: levels[index + 1]?.[0] ?? 0, to, hours: above };
      })
      .reverse();
  };
  if (!byScenario) {
    return [{ scenario: undefined, share: 1 / weights, steps: stepsOf(hoursOfLevel(scenarios, (weight) => weight)) }];
  }
  return scenarios.map((one, s) => ({
    scenario: s,
    share: one.weight / weights,
    steps: stepsOf(hoursOfLevel([one], () => 1)),
  }));
}

/** Of demand that has no other family. */
function fixedUnits({ demands }: PlanningCase, f: number, milliUnits: readonly number[]): number {
  return (
    demands.reduce((sum, { options }, d) => {
      const only = options.length === 1 ? options[0] : undefined;
      return only?.family === f ? sum + Math.ceil(((milliUnits[d] as number) * only.milliUnits) / 1_000) : sum;
    }, 0) / 1_000
  );
}

function heldUnits({ held }: PlanningCase, f: number, m: number): number {
  return held.reduce(
    (sum, one) =>
      one.kind === "reserved" && one.family === f && m >= one.startMonth && m < one.endMonth ? sum + one.units : sum,
    0,
  );
}

/** Of each product: no more is ever of use. */
function mostUnits({ products, families, demands, scenarios }: PlanningCase): readonly number[] {
  const most = families.map((_, f) => {
    let units = 0;
    for (const { months } of scenarios) {
      for (const { milliUnits } of months.flat()) {
        const wanted = demands.reduce((sum, { options }, d) => {
          const each = options.find(({ family }) => family === f)?.milliUnits ?? 0;
          return sum + ((milliUnits[d] as number) * each) / 1e6;
        }, 0);
        units = Math.max(units, wanted);
      }
    }
    return Math.ceil(units);
  });
  return products.map((product) =>
    product.kind === "reserved"
      ? (most[product.family] as number)
      : Math.ceil(
          product.rates.reduce((sum, rate, f) => sum + rate * (most[f] as number), 0) / product.stepMicroUsdPerHour,
        ),
  );
}

function activeGroups({ products }: PlanningCase): readonly Omit<Active, "columns">[] {
  const groups = new Map<string, { termMonths: number; family?: number; pool?: number; products: number[] }>();
  products.forEach((product, p) => {
    const termMonths = TERM_MONTHS[product.term];
    const key = product.kind === "reserved" ? `family ${product.family} ${termMonths}` : `pool ${p}`;
    const there = groups.get(key);
    if (there !== undefined) there.products.push(p);
    else if (product.kind === "reserved") groups.set(key, { termMonths, family: product.family, products: [p] });
    else groups.set(key, { termMonths, pool: p, products: [p] });
  });
  return [...groups.values()].map(({ termMonths, family, pool, products: of }) => ({
    termMonths,
    family,
    pool,
    products: of,
  }));
}

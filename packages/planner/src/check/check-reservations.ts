import type { HeldCommitment, PlanningCase, Product, Purchase } from "../ladder/planning-case.ts";
import { hourCost } from "./hour-cost.ts";

/** A rule that a plan breaks, or a number in it that does not follow from the case. */
export interface ReservationFault {
  readonly rule: "purchase" | "cost" | "coverage" | "utilization" | "loss" | "three_year_share" | "ending_share";
  readonly where: string;
  readonly detail: string;
}

/** What a plan says of itself. */
export interface ClaimedPlan {
  readonly purchases: readonly Purchase[];
  readonly expectedNanoUsd: bigint;
  readonly coverage: number;
  readonly utilization: number;
}

const MONTH_HOURS = 730n;
/** Of shares, which are floats. */
const NEARLY = 1e-9;
/** Of guard rails, relative: what a solver's tolerance may leave. */
const SLACK = 1e-6;

/**
 * Recomputes what a plan claims, by code that shares none with the planner: month by month and commitment by commitment,
 * each hour's cost in whole numbers. A plan is only shown, and bought from, when this gives no fault.
 *
 * A cost may differ by a nano-dollar, as scenarios are averaged once here and once there.
 */
export function checkReservations(planning: PlanningCase, claimed: ClaimedPlan): readonly ReservationFault[] {
  const faults: ReservationFault[] = [];
  const { months, products } = planning;
  claimed.purchases.forEach(({ product, month, count }, index) => {
    const isKnown = Number.isInteger(product) && product >= 0 && product < products.length;
    const isIn = Number.isInteger(month) && month >= 0 && month < months;
    if (isKnown && isIn && Number.isSafeInteger(count) && count >= 1) return;
    faults.push({
      rule: "purchase",
      where: `purchases[${index}]`,
      detail: `product ${product}, month ${month}, count ${count}: no product, month or whole number above 0 of this case`,
    });
  });
  if (faults.length > 0) return faults;
  const sum = addUp(planning, claimed.purchases);
  const off = sum.nanoUsd - claimed.expectedNanoUsd;
  if (off < -1n || off > 1n) {
    faults.push({
      rule: "cost",
      where: "cost",
      detail: `${claimed.expectedNanoUsd} nano-dollars claimed, ${sum.nanoUsd} found`,
    });
  }
  for (const rule of ["coverage", "utilization"] as const) {
    if (Math.abs(sum[rule] - claimed[rule]) > NEARLY) {
      faults.push({ rule, where: rule, detail: `${claimed[rule]} claimed, ${sum[rule]} found` });
    }
  }
  faults.push(...lossFaults(planning, claimed.purchases));
  if (planning.guardRails) faults.push(...guardFaults(planning, claimed.purchases));
  return faults;
}

/** Commitments of either kind, in one form. */
interface Running {
  readonly what: Product | HeldCommitment;
  readonly isBought: boolean;
  readonly from: number;
  readonly to: number;
  /** Units, or micro-dollars an hour committed. */
  readonly amount: number;
}

function runningOf({ products, held }: PlanningCase, purchases: readonly Purchase[]): readonly Running[] {
  return [
    ...held.map((one): Running => {
      const amount = one.kind === "reserved" ? one.units : one.committedMicroUsdPerHour;
      return { what: one, isBought: false, from: one.startMonth, to: one.endMonth, amount };
    }),
    ...purchases.map(({ product, month, count }): Running => {
      const what = products[product] as Product;
      const amount = what.kind === "reserved" ? count : count * what.stepMicroUsdPerHour;
      return { what, isBought: true, from: month, to: month + (what.term === "1y" ? 12 : 36), amount };
    }),
  ];
}

function addUp(planning: PlanningCase, purchases: readonly Purchase[]) {
  const { months, discountPercent, scenarios } = planning;
  const running = runningOf(planning, purchases);
  const worthOfMonth = (m: number) => BigInt(Math.round(1e9 * (1 + discountPercent / 100) ** (-m / 12)));
  // In nano-dollars times a billion times 36.
  let total = 0n;
  const weights = BigInt(scenarios.reduce((sum, { weight }) => sum + weight, 0));
  for (const one of running) {
    const { upfront, hourly } = micros(one);
    const term = BigInt(one.to - one.from);
    if (one.isBought) {
      const unused = BigInt(Math.max(0, one.to - months));
      total +=
        ((upfront * 36n) / term) * 1_000n * (term * worthOfMonth(one.from) - unused * worthOfMonth(months)) * weights;
    }
    for (let m = Math.max(0, one.from); m < Math.min(one.to, months); m++) {
      total += hourly * MONTH_HOURS * 1_000n * 36n * worthOfMonth(m) * weights;
    }
  }
  let [covered, eligible, used, bought] = [0, 0, 0, 0];
  for (let m = 0; m < months; m++) {
    const now = running.filter(({ from, to }) => from <= m && m < to);
    for (const { weight, months: of } of scenarios) {
      for (const { hours, milliUnits } of of[m] ?? []) {
        const hour = hourCost(planning, now, milliUnits);
        total += hour.nanoUsd * BigInt(hours) * BigInt(weight) * worthOfMonth(m) * 36n;
        covered += Number(hour.coveredNanoUsd) * hours * weight;
        eligible += Number(hour.coveredNanoUsd + hour.nanoUsd) * hours * weight;
        used += Number(hour.usedNanoUsd) * hours * weight;
        bought += Number(hour.boughtNanoUsd) * hours * weight;
      }
    }
  }
  const scale = 36n * 1_000_000_000n * weights;
  return {
    nanoUsd: (2n * total + scale) / (2n * scale),
    coverage: eligible === 0 ? 0 : covered / eligible,
    utilization: bought === 0 ? 0 : used / bought,
  };
}

/** Of all of a commitment: what was paid at its start, which is sunk for what is held, and what it is charged an hour. */
function micros({ what, amount }: Running): { readonly upfront: bigint; readonly hourly: bigint } {
  if (what.kind === "reserved") {
    const upfront = "upfrontMicroUsd" in what ? what.upfrontMicroUsd : 0;
    return { upfront: BigInt(amount) * BigInt(upfront), hourly: BigInt(amount) * BigInt(what.hourlyMicroUsd) };
  }
  const committed = BigInt(amount);
  const upfront = { no_upfront: 0n, partial_upfront: committed / 2n, all_upfront: committed }[what.paymentOption];
  return { upfront: upfront * BigInt(what.term === "1y" ? 8_760 : 26_280), hourly: committed - upfront };
}

/** The mean of the worst losses above the limit: what a plan costs in a scenario above buying nothing there. */
function lossFaults(planning: PlanningCase, purchases: readonly Purchase[]): readonly ReservationFault[] {
  const { mostLossMicroUsd, alphaPercent } = planning.risk;
  if (mostLossMicroUsd === undefined || purchases.length === 0) return [];
  const losses = planning.scenarios.map((scenario) => {
    const alone = { ...planning, scenarios: [scenario] };
    return { weight: scenario.weight, nanoUsd: Number(addUp(alone, purchases).nanoUsd - addUp(alone, []).nanoUsd) };
  });
  losses.sort((a, b) => b.nanoUsd - a.nanoUsd);
  const tail = losses.reduce((sum, { weight }) => sum + weight, 0) * (1 - alphaPercent / 100);
  let taken = 0;
  let sum = 0;
  for (const { weight, nanoUsd } of losses) {
    const part = Math.min(weight, tail - taken);
    sum += part * nanoUsd;
    taken += part;
  }
  const mean = sum / tail / 1e3;
  if (mean <= mostLossMicroUsd + Math.abs(mostLossMicroUsd) * SLACK + 1) return [];
  const detail = `the worst cases lose ${Math.round(mean)} micro-dollars in the mean, more than ${mostLossMicroUsd}`;
  return [{ rule: "loss", where: "risk.mostLossUsd", detail }];
}

function guardFaults(planning: PlanningCase, purchases: readonly Purchase[]): readonly ReservationFault[] {
  const { months, families, demands, scenarios } = planning;
  const faults: ReservationFault[] = [];
  const running = runningOf(planning, purchases);
  const priceOf = (f: number) => families[f]?.onDemandMicroUsdPerHour ?? 0;
  const worth = ({ what, amount }: Pick<Running, "what" | "amount">) =>
    what.kind === "reserved"
      ? amount * priceOf(what.family)
      : amount * Math.max(1, ...what.rates.map((rate, f) => (rate === 0 ? 0 : priceOf(f) / rate)));
  const at = (m: number) => running.filter(({ from, to }) => from <= m && m < to);
  const total = (list: readonly Running[]) => list.reduce((sum, one) => sum + worth(one), 0);

  // Families that share demand are counted together, and all of them where a savings plan may serve any.
  const together = families.map((_, f) => new Set([f]));
  for (const _ of families) {
    for (const { options } of demands) {
      for (const a of options) {
        for (const b of options) {
          for (const f of together[b.family] ?? []) together[a.family]?.add(f);
        }
      }
    }
  }
  const servedBy = (what: Product | HeldCommitment) => {
    const served = new Set<number>();
    families.forEach((_, f) => {
      if (what.kind === "reserved" ? what.family !== f : what.rates[f] === 0) return;
      for (const one of together[f] ?? []) served.add(one);
    });
    return served;
  };
  const plans = [...planning.products, ...planning.held].filter(({ kind }) => kind === "savings_plan");
  for (const group of [...together, ...plans.map(servedBy)]) {
    const isWithin = (what: Product | HeldCommitment) =>
      what.kind === "reserved" ? group.has(what.family) : [...servedBy(what)].every((f) => group.has(f));
    for (let m = 0; m < months; m++) {
      const threeYear = at(m).filter(({ what }) => what.term === "3y" && isWithin(what));
      if (!threeYear.some(({ isBought }) => isBought)) continue;
      const hours: { amount: number; hours: number }[] = [];
      for (const { months: of, weight } of scenarios) {
        for (const segment of of.slice(m, m + 12).flat()) {
          let amount = 0;
          demands.forEach(({ options }, d) => {
            if (!group.has(options[0]?.family ?? -1)) return;
            const each = Math.min(...options.map(({ family, milliUnits }) => (priceOf(family) * milliUnits) / 1_000));
            amount += (each * (segment.milliUnits[d] ?? 0)) / 1_000;
          });
          hours.push({ amount, hours: segment.hours * weight });
        }
      }
      hours.sort((a, b) => b.amount - a.amount);
      const all = hours.reduce((sum, one) => sum + one.hours, 0);
      // Three quarters of the hours have at least this much.
      let above = 0;
      let quartile = 0;
      for (const one of hours) {
        if (above < 0.75 * all) quartile = one.amount;
        above += one.hours;
      }
      const held = total(threeYear.filter(({ isBought }) => !isBought));
      if (total(threeYear) > Math.max(quartile, held) * (1 + SLACK)) {
        const names = [...group].map((f) => families[f]?.name).join(", ");
        const detail = `three-year commitments of ${names} are worth ${total(threeYear)} micro-dollars an hour, and ${quartile} are used in three hours of four`;
        faults.push({ rule: "three_year_share", where: `month ${m}`, detail });
      }
    }
  }

  const ends = [...new Set(running.filter(({ isBought }) => isBought).map(({ to }) => to))];
  for (const end of ends.toSorted((a, b) => a - b)) {
    const ending = total(running.filter(({ isBought, to }) => isBought && to === end));
    const endsThen = planning.products.filter(({ term }) => {
      const start = end - (term === "1y" ? 12 : 36);
      return start >= 0 && start < months;
    });
    const oneUnit = Math.min(
      ...endsThen.map((what) => worth({ what, amount: what.kind === "reserved" ? 1 : what.stepMicroUsdPerHour })),
    );
    const year = Math.min(12, months);
    const activeOf = (isBought: boolean) => {
      const worthAt = (m: number) => total(at(m).filter((one) => one.isBought === isBought));
      if (end - 6 < months) return worthAt(end - 6);
      let sum = 0;
      for (let m = months - year; m < months; m++) sum += worthAt(m) / year;
      return sum;
    };
    const heldEnding = total(running.filter(({ isBought, to }) => !isBought && to === end));
    const most = Math.max(0, activeOf(false) / 6 - heldEnding) + activeOf(true) / 6 + (5 / 6) * oneUnit;
    if (ending <= most * (1 + SLACK)) continue;
    const detail = `${ending} micro-dollars an hour of worth end together, and ${Math.round(most)} may: a sixth of what is active half a year before, less what is held and ends then`;
    faults.push({ rule: "ending_share", where: `month ${end}`, detail });
  }
  return faults;
}

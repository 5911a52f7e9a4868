import type { CaseFile } from "./bill-cases.ts";

/**
 * The bill of a case once more, from the rules of docs/planner.md alone: shares no line with the engine, reads the case's file
 * itself, and is as slow as the rules are put. Every machine and every reserved instance stands for itself; of all pairs that
 * may go together the best is looked for anew each time, and takes one slice: the largest that all of the hour are made of.
 *
 * Takes cases whose money and units are whole millionths, as those of randomBillCase are.
 */
export function secondBill(file: CaseFile): SecondBill {
  const input = file as unknown as Input;
  const lines = new Map<string, string>();
  const totals = { onDemand: 0n, recurring: 0n, upfront: 0n, amortized: 0n, without: 0n };
  let slices = 0;
  const { fromHour, hours } = input.period;
  for (let hour = fromHour; hour < fromHour + hours; hour++) {
    const machines = machinesOf(input, hour);
    const { reserved, moved } = reserve(input, machines, hour);
    slices += moved;
    const uses = usesOf(input, machines, hour);
    const planned = plan(input, uses, hour);
    const add = (kind: string, account: string, what: string, quantity: Ratio, nano: bigint, effective: bigint) =>
      lines.set([hour, kind, account, what].join("|"), [show(quantity), nano, effective].join("|"));

    for (const use of uses) {
      totals.without += nearest(times(use.all, use.onDemand));
      if (use.rest[0] === 0n) continue;
      const nano = nearest(times(use.rest, use.onDemand));
      totals.onDemand += nano;
      add("on_demand", use.account, use.what, use.rest, nano, nano);
    }
    for (const { account, what, quantity, effective } of reserved) {
      add("reserved", account, what, quantity, 0n, nearest(effective));
    }
    for (const { account, what, quantity, effective } of planned) {
      add("planned", account, what, quantity, 0n, nearest(effective));
    }
    for (const { id, account, starts, ends, bought, upfront, hourly, count } of commitmentsOf(input)) {
      if (hour < starts || hour >= ends) continue;
      const each = nearest(hourly);
      const once = nearest(upfront);
      totals.recurring += each;
      add("recurring", account, id, [count, 1n], each, 0n);
      if (hour === starts && once > 0n) {
        totals.upfront += once;
        add("upfront", account, id, [count, 1n], once, 0n);
      }
      const due = (until: number) => (once * BigInt(until - starts)) / BigInt(bought);
      totals.amortized += due(hour + 1) - due(hour);
    }
  }
  return { lines, totals, slices };
}

export interface SecondBill {
  /** By hour, kind, account, and product or commitment or both: quantity, nano-dollars, effective nano-dollars. */
  readonly lines: ReadonlyMap<string, string>;
  readonly totals: Record<"onDemand" | "recurring" | "upfront" | "amortized" | "without", bigint>;
  /** That were moved one by one. */
  readonly slices: number;
}

interface Where {
  region: string;
  machineType: string;
  platform: string;
  tenancy: string;
  zone?: string;
}
interface Range {
  fromHour: number;
  hours: number;
}
type Rates = Record<string, number | null>;
interface Input {
  period: Range;
  sharing: boolean | { offFor: string[] };
  sizeFlexibility: boolean;
  machines: (Where & Range & { account: string; zone: string; seconds: number; count: number })[];
  services: (Range & { account: string; service: string; units: number; usdPerUnit: number; planRates: Rates })[];
  prices: (Where & { usdPerHour: number; planRates: Rates })[];
  reservations: (Where & Term & { count: number; upfrontUsd: number; usdPerHour: number })[];
  plans: (Term & {
    kind: string;
    region?: string;
    family?: string;
    rateCard?: string;
    payment: string;
    usdPerHour: number;
  })[];
}
interface Term {
  id: string;
  account: string;
  term: string;
  startHour: number;
  endHour?: number;
  termHours?: number;
}

/** Over and under; not in lowest terms. */
type Ratio = readonly [bigint, bigint];
const micro = (amount: number) => BigInt(Math.round(amount * 1e6));
const times = ([over, under]: Ratio, by: bigint): Ratio => [over * by, under];
const difference = ([a, b]: Ratio, [c, d]: Ratio): Ratio => [a * d - c * b, b * d];
const sum = ([a, b]: Ratio, [c, d]: Ratio): Ratio => [a * d + c * b, b * d];
const less = ([a, b]: Ratio, [c, d]: Ratio) => a * d < c * b;

/** Micro-dollars as the nearest whole nano-dollars: halves go up. */
function nearest([over, under]: Ratio): bigint {
  const nano = over * 1_000n;
  const down = nano / under;
  return (nano - down * under) * 2n >= under ? down + 1n : down;
}

function divisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : divisor(b, a % b);
}

function show([over, under]: Ratio): string {
  const by = divisor(over, under);
  return `${over / by}/${under / by}`;
}

/** Quarters of a normalized unit. */
const QUARTERS: Record<string, bigint> = {
  nano: 1n,
  micro: 2n,
  small: 4n,
  medium: 8n,
  large: 16n,
  xlarge: 32n,
  "2xlarge": 64n,
  "4xlarge": 128n,
  "6xlarge": 192n,
  "8xlarge": 256n,
  "16xlarge": 512n,
  metal: 512n,
};
const familyOf = (machineType: string) => machineType.slice(0, machineType.indexOf("."));
const quartersOf = (machineType: string) => QUARTERS[machineType.slice(machineType.indexOf(".") + 1)] ?? 0n;
const nameOf = (one: Where) => [one.region, one.zone, one.machineType, one.platform, one.tenancy].join(" ");
const runs = ({ fromHour, hours }: Range, hour: number) => hour >= fromHour && hour < fromHour + hours;
const boughtHours = ({ termHours, term }: Term) => termHours ?? (term === "1y" ? 8_760 : 26_280);
const endOf = (one: Term) => one.endHour ?? one.startHour + boughtHours(one);
const holds = (one: Term, hour: number) => hour >= one.startHour && hour < endOf(one);

function mayShare({ sharing }: Input, one: string, other: string): boolean {
  if (typeof sharing === "boolean") return sharing;
  return !sharing.offFor.includes(one) && !sharing.offFor.includes(other);
}

/** One machine: what is left of it in quarters times seconds. */
interface Machine extends Where {
  readonly account: string;
  readonly zone: string;
  rest: bigint;
}

function machinesOf(input: Input, hour: number): Machine[] {
  return input.machines
    .filter((one) => runs(one, hour))
    .flatMap((one) =>
      Array.from({ length: one.count }, () => ({ ...one, rest: quartersOf(one.machineType) * BigInt(one.seconds) })),
    );
}

interface Covered {
  readonly account: string;
  /** The product or service, and the commitment. */
  readonly what: string;
  quantity: Ratio;
  effective: Ratio;
}

/** Beyond so many slices of an hour a pair takes what it can at once. */
const MOST_SLICES = 4_000n;

function reserve(input: Input, machines: Machine[], hour: number) {
  const instances = input.reservations
    .filter((one) => holds(one, hour))
    .flatMap((one) =>
      Array.from({ length: one.count }, () => ({ ...one, left: quartersOf(one.machineType) * 3_600n })),
    );
  const amounts = [...machines.map(({ rest }) => rest), ...instances.map(({ left }) => left)];
  const all = amounts.reduce((total, amount) => total + amount, 0n);
  const largest = amounts.reduce(divisor, 0n);
  const slice = largest > 0n && all / largest <= MOST_SLICES ? largest : undefined;
  const reserved = new Map<string, Covered>();
  let moved = 0;
  for (;;) {
    let best: { rank: string; machine: Machine; instance: (typeof instances)[number] } | undefined;
    for (const machine of machines) {
      if (machine.rest === 0n) continue;
      for (const instance of instances) {
        if (instance.left === 0n || !covers(input, instance, machine)) continue;
        const isOwn = instance.account === machine.account;
        if (!isOwn && !mayShare(input, instance.account, machine.account)) continue;
        const rank = [
          instance.zone === undefined ? "regional" : "a zonal",
          isOwn ? "a own" : "other",
          String(quartersOf(machine.machineType)).padStart(6, "0"),
          machine.account,
          machine.machineType,
          machine.zone,
          instance.id,
        ].join("\n");
        if (best === undefined || rank < best.rank) best = { rank, machine, instance };
      }
    }
    if (best === undefined) return { reserved: reserved.values(), moved };
    const { machine, instance } = best;
    const most = less([machine.rest, 1n], [instance.left, 1n]) ? machine.rest : instance.left;
    const amount = slice ?? most;
    if (slice !== undefined) moved++;
    machine.rest -= amount;
    instance.left -= amount;
    const hours = BigInt(boughtHours(instance));
    const whole = micro(instance.upfrontUsd) + micro(instance.usdPerHour) * hours;
    const { account } = machine;
    const what = `${nameOf(machine)}|${instance.id}`;
    const key = `${account}|${what}`;
    const before = reserved.get(key) ?? {
      ...{ account, what },
      quantity: [0n, quartersOf(machine.machineType) * 3_600n] as Ratio,
      effective: [0n, quartersOf(instance.machineType) * 3_600n * hours] as Ratio,
    };
    before.quantity = [before.quantity[0] + amount, before.quantity[1]];
    before.effective = [before.effective[0] + amount * whole, before.effective[1]];
    reserved.set(key, before);
  }
}

function covers({ sizeFlexibility }: Input, instance: Where, machine: Machine): boolean {
  for (const same of ["region", "platform", "tenancy"] as const) if (instance[same] !== machine[same]) return false;
  if (instance.zone !== undefined) {
    return instance.zone === machine.zone && instance.machineType === machine.machineType;
  }
  const isFlexible =
    sizeFlexibility &&
    machine.platform === "linux" &&
    machine.tenancy === "default" &&
    !["g4ad", "g4dn", "g5", "g5g", "inf1"].includes(familyOf(machine.machineType));
  return isFlexible
    ? familyOf(instance.machineType) === familyOf(machine.machineType)
    : instance.machineType === machine.machineType;
}

/** What is left of all machines of a product in a zone of an account, in hours, or a service's units. */
interface Use {
  readonly account: string;
  readonly what: string;
  readonly order: string;
  readonly family: string | undefined;
  readonly region: string | undefined;
  readonly onDemand: bigint;
  readonly rates: Rates;
  readonly all: Ratio;
  rest: Ratio;
}

function usesOf(input: Input, machines: readonly Machine[], hour: number): Use[] {
  const uses = new Map<string, Use>();
  for (const machine of machines) {
    const { account, region, zone, machineType, platform, tenancy } = machine;
    const price = input.prices.find(
      (one) =>
        one.region === region &&
        one.machineType === machineType &&
        one.platform === platform &&
        one.tenancy === tenancy,
    );
    if (price === undefined) throw new Error(`no price for ${machineType}`);
    const key = ["a machine", account, region, zone, machineType, platform, tenancy].join("\n");
    const hours = quartersOf(machineType) * 3_600n;
    const before = uses.get(key);
    const rest: Ratio = [(before?.rest[0] ?? 0n) + machine.rest, hours];
    uses.set(key, {
      ...{ account, region, what: nameOf(machine), order: key, family: familyOf(machineType), rest, all: rest },
      onDemand: micro(price.usdPerHour),
      rates: price.planRates,
    });
  }
  // All that ran, whatever is left of it.
  for (const [key, use] of uses) {
    const ran = input.machines
      .filter((one) => runs(one, hour) && one.account === use.account && nameOf(one) === use.what)
      .reduce((seconds, one) => seconds + one.seconds * one.count, 0);
    uses.set(key, { ...use, all: [BigInt(ran), 3_600n] });
  }
  for (const one of input.services.filter((service) => runs(service, hour))) {
    const price = String(micro(one.usdPerUnit));
    const rates = Object.entries(one.planRates)
      .map(([card, rate]) => [card, rate === null ? "" : String(micro(rate)).padStart(20, "0")].join(" "))
      .toSorted()
      .join(", ");
    const key = ["service", one.account, one.service, price.padStart(20, "0"), rates].join("\n");
    const rest: Ratio = [(uses.get(key)?.rest[0] ?? 0n) + micro(one.units), 1_000_000n];
    uses.set(key, {
      ...{ account: one.account, what: `${one.service} ${price} ${rates}`, order: key, rest, all: rest },
      ...{ family: undefined, region: undefined, onDemand: micro(one.usdPerUnit), rates: one.planRates },
    });
  }
  return [...uses.values()];
}

function plan(input: Input, uses: Use[], hour: number): Iterable<Covered> {
  const purses = input.plans
    .filter((one) => holds(one, hour))
    .map((one) => ({ ...one, left: [micro(one.usdPerHour), 1n] as Ratio }));
  const planned = new Map<string, Covered>();
  for (;;) {
    let best: Candidate | undefined;
    for (const use of uses) {
      if (use.rest[0] === 0n) continue;
      for (const purse of purses) {
        if (purse.left[0] === 0n) continue;
        const isOfFamily = purse.kind === "ec2_instance";
        if (isOfFamily && (purse.family !== use.family || purse.region !== use.region)) continue;
        const rate = use.rates[purse.rateCard ?? purse.kind];
        const isOwn = purse.account === use.account;
        if (rate === null || rate === undefined) continue;
        if (!isOwn && !mayShare(input, purse.account, use.account)) continue;
        const candidate: Candidate = {
          ...{ use, purse, rate: micro(rate), step: isOfFamily ? (isOwn ? 1 : 2) : isOwn ? 3 : 4 },
          saving: [use.onDemand - micro(rate), use.onDemand],
        };
        if (best === undefined || isBetter(candidate, best)) best = candidate;
      }
    }
    if (best === undefined) return planned.values();
    const { use, purse, rate } = best;
    const price = times(use.rest, rate);
    const isEnough = !less(purse.left, price);
    const quantity: Ratio = isEnough ? use.rest : [purse.left[0], purse.left[1] * rate];
    use.rest = isEnough ? [0n, 1n] : difference(use.rest, quantity);
    purse.left = isEnough ? difference(purse.left, price) : [0n, 1n];
    const { account } = use;
    const what = `${use.what}|${purse.id}`;
    const before = planned.get(`${account}|${what}`);
    planned.set(`${account}|${what}`, {
      ...{ account, what },
      quantity: sum(before?.quantity ?? [0n, 1n], quantity),
      effective: sum(before?.effective ?? [0n, 1n], times(quantity, rate)),
    });
  }
}

interface Candidate {
  readonly use: Use;
  readonly purse: Term & { left: Ratio };
  readonly rate: bigint;
  readonly step: number;
  readonly saving: Ratio;
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.step !== b.step) return a.step < b.step;
  if (less(b.saving, a.saving)) return true;
  if (less(a.saving, b.saving)) return false;
  if (a.rate !== b.rate) return a.rate < b.rate;
  if (a.use.order !== b.use.order) return a.use.order < b.use.order;
  return a.purse.id < b.purse.id;
}

/** What is paid for a commitment, in micro-dollars. */
function commitmentsOf({ reservations, plans }: Input) {
  return [
    ...reservations.map((one) => ({
      ...{
        id: one.id,
        account: one.account,
        starts: one.startHour,
        ends: endOf(one),
        bought: boughtHours(one),
        count: BigInt(one.count),
      },
      upfront: [micro(one.upfrontUsd) * BigInt(one.count), 1n] as Ratio,
      hourly: [micro(one.usdPerHour) * BigInt(one.count), 1n] as Ratio,
    })),
    ...plans.map((one) => {
      const commitment = micro(one.usdPerHour);
      const [before, later] = { no_upfront: [0n, 2n], partial_upfront: [1n, 1n], all_upfront: [2n, 0n] }[
        one.payment
      ] as [bigint, bigint];
      return {
        ...{
          id: one.id,
          account: one.account,
          starts: one.startHour,
          ends: endOf(one),
          bought: boughtHours(one),
          count: 1n,
        },
        upfront: [commitment * BigInt(endOf(one) - one.startHour) * before, 2n] as Ratio,
        hourly: [commitment * later, 2n] as Ratio,
      };
    }),
  ];
}

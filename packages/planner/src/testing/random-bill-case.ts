import { type SeededRandom, seededRandom } from "@berth/domain";
import type { CaseFile } from "./bill-cases.ts";

/** Hours of each random case. */
export const RANDOM_HOURS = 4;

const ACCOUNTS = ["A", "B", "C", "D"];
const REGIONS = ["r1", "r2"];
/** Sizes of a family with what one costs in micro-dollars: i3 has two of one factor, g5 and inf1 are of fixed size. */
const FAMILIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  m5: { large: 96_000, xlarge: 192_000, "2xlarge": 384_000, "4xlarge": 768_000 },
  t3: { nano: 5_200, micro: 10_400, small: 20_800, medium: 41_600 },
  i3: { "8xlarge": 2_496_000, "16xlarge": 4_992_000, metal: 5_000_000 },
  g5: { xlarge: 1_006_000, "2xlarge": 1_212_000 },
  inf1: { xlarge: 228_000, "6xlarge": 1_180_000 },
};
/** Of the price on demand, in percent: few, so that many are equal. */
const RATES = [40, 60, 60, 70, 72, 75, 100];
const SECONDS = [3_600, 3_600, 3_600, 1_800, 900, 900, 1_200, 60, 3_599, 7];

const usd = (micro: number) => micro / 1e6;

/**
 * A case of a few hours for each seed, as its file has it. Small and crowded: two or three accounts, one or two families and
 * regions, so that commitments get into each other's way; with terms that begin and end inside, parts of hours and of
 * machines, equal savings, rates that stay open, and sharing on, off, or off for some.
 */
export function randomBillCase(seed: number): CaseFile {
  const random = seededRandom(seed);
  const accounts = ACCOUNTS.slice(0, 1 + random.integer(ACCOUNTS.length));
  const regions = random.chance(25) ? REGIONS : REGIONS.slice(0, 1);
  const families = random.chance(40) ? some(random, Object.keys(FAMILIES)) : [random.pick(Object.keys(FAMILIES))];
  const platforms = random.chance(25) ? ["linux", "windows", "rhel"] : ["linux"];
  const tenancies = random.chance(20) ? ["default", "dedicated"] : ["default"];
  const cards = random.chance(30) ? ["compute", "ec2_instance", "3y"] : ["compute", "ec2_instance"];
  const product = () => {
    const family = random.pick(families);
    return {
      region: random.pick(regions),
      machineType: `${family}.${random.pick(Object.keys(FAMILIES[family] ?? {}))}`,
      platform: random.pick(platforms),
      tenancy: random.pick(tenancies),
    };
  };
  const zoneOf = (region: string) => `${region}${random.pick(["a", "b"])}`;

  const machines = times(1 + random.integer(7), () => {
    const one = product();
    return {
      account: random.pick(accounts),
      ...one,
      zone: zoneOf(one.region),
      ...randomRange(random),
      seconds: random.pick(SECONDS),
      count: 1 + random.integer(random.chance(20) ? 20 : 4),
    };
  });
  const prices = new Map<string, CaseFile>();
  const priceOf = ({ region, machineType, platform, tenancy }: ReturnType<typeof product>) => {
    const [family = "", size = ""] = machineType.split(".");
    const surcharge = (platform === "linux" ? 0 : 50_000) + (tenancy === "default" ? 0 : 10_000);
    const micro = (FAMILIES[family]?.[size] ?? 0) + surcharge + (region === "r1" ? 0 : 1_000);
    const planRates = randomRates(random, micro, cards);
    prices.set([region, machineType, platform, tenancy].join(" "), {
      ...{ region, machineType, platform, tenancy },
      usdPerHour: usd(micro),
      planRates,
    });
    return micro;
  };
  for (const one of machines) priceOf(one);

  const reservations = times(random.integer(6), (index) => {
    const one = random.chance(75) ? pickProduct(random, machines) : product();
    const micro = priceOf(one);
    const { hours, ...when } = randomTerm(random, true);
    return {
      id: `ri-${random.integer(100)}-${index}`,
      account: random.pick(accounts),
      ...one,
      ...(random.chance(35) ? { zone: zoneOf(one.region) } : {}),
      offeringClass: random.pick(["standard", "convertible"]),
      ...when,
      count: 1 + random.integer(3),
      ...random.pick([
        { upfrontUsd: 0, usdPerHour: usd(Math.round(micro * 0.6)) },
        {
          upfrontUsd: usd(Math.round(micro * hours * 0.3) + random.integer(9)),
          usdPerHour: usd(Math.round(micro * 0.3)),
        },
        { upfrontUsd: usd(Math.round(micro * hours * 0.55) + random.integer(9)), usdPerHour: 0 },
      ]),
    };
  });
  const services = times(random.chance(40) ? 1 + random.integer(2) : 0, () => {
    const micro = random.pick([40_480, 4_000, 100]);
    return {
      account: random.pick(accounts),
      service: random.pick(["vCPU", "GB"]),
      ...randomRange(random),
      units: usd(1 + random.integer(20_000_000)),
      usdPerUnit: usd(micro),
      planRates: randomRates(random, micro, cards),
    };
  });
  const plans = times(random.integer(4), (index) => {
    const isCompute = random.chance(60);
    const of = pickProduct(random, machines);
    const { hours: _, ...when } = randomTerm(random, false);
    return {
      id: `sp-${random.integer(100)}-${index}`,
      account: random.pick(accounts),
      ...(isCompute
        ? { kind: "compute" }
        : { kind: "ec2_instance", region: of.region, family: of.machineType.split(".")[0] }),
      ...(cards.length > 2 && random.chance(50) ? { rateCard: "3y" } : {}),
      ...when,
      payment: random.pick(["no_upfront", "partial_upfront", "all_upfront"]),
      usdPerHour: usd(1 + random.integer(random.chance(30) ? 20_000_000 : 900_000)),
    };
  });
  return {
    period: { fromHour: 0, hours: RANDOM_HOURS },
    sharing: random.chance(60) ? true : random.chance(50) ? false : { offFor: [random.pick(accounts)] },
    sizeFlexibility: random.chance(90),
    ...{ machines, services, prices: [...prices.values()], reservations, plans },
  };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function some<T>(random: SeededRandom, all: readonly T[]): T[] {
  const picked = all.filter(() => random.chance(50));
  return picked.length > 0 ? picked : [random.pick(all)];
}

function pickProduct<T extends { region: string; machineType: string; platform: string; tenancy: string }>(
  random: SeededRandom,
  from: readonly T[],
) {
  const { region, machineType, platform, tenancy } = random.pick(from);
  return { region, machineType, platform, tenancy };
}

/** All hours mostly, or some, which may reach beyond the period. */
function randomRange(random: SeededRandom) {
  if (random.chance(60)) return { fromHour: 0, hours: RANDOM_HOURS };
  return { fromHour: random.integer(RANDOM_HOURS + 2) - 2, hours: 1 + random.integer(RANDOM_HOURS) };
}

function randomRates(random: SeededRandom, micro: number, cards: readonly string[]) {
  return Object.fromEntries(
    cards.map((card) => [card, random.chance(12) ? null : usd(Math.round((micro * random.pick(RATES)) / 100))]),
  );
}

/** Around all hours mostly, or one that begins or ends in them or has no part in them; with the hours that are paid for. */
function randomTerm(random: SeededRandom, mayEndSooner: boolean) {
  const term = random.pick(["1y", "3y"]);
  const startHour = random.pick([-500, -500, 0, 1, 3, 9, -8_760, -8_758]);
  const isSecondHand = mayEndSooner && random.chance(10);
  const hours = isSecondHand ? 500 + random.integer(9) : term === "1y" ? 8_760 : 26_280;
  const isExchanged = mayEndSooner && random.chance(15);
  return {
    ...{ term, startHour },
    ...(isSecondHand ? { termHours: hours } : {}),
    ...(isExchanged ? { endHour: startHour + 1 + random.integer(500) } : {}),
    hours,
  };
}

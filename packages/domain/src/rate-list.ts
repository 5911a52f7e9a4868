import {
  COMMITMENT_KINDS,
  type CommitmentKind,
  isOfferingClass,
  isPaymentOption,
  isTerm,
  type OfferingClass,
  type PaymentOption,
  TERMS,
  type Term,
} from "./commitment-terms.ts";
import { microUsdFromAmount } from "./money.ts";
import { MACHINE_TYPE, type PriceFault } from "./price-list.ts";
import { err, ok, type Result } from "./result.ts";

/** What a price book holds: prices on demand, or the rates of one kind of commitment. */
export const PRICE_BOOK_KINDS = ["on_demand", ...COMMITMENT_KINDS] as const;
export type PriceBookKind = (typeof PRICE_BOOK_KINDS)[number];

/** What a machine of a type costs under one offer of a commitment. */
export interface Rate {
  readonly machineType: string;
  readonly term: Term;
  /** Of reserved instances alone. */
  readonly offeringClass: OfferingClass | null;
  readonly paymentOption: PaymentOption;
  /** Of one reserved instance; 0 for a savings plan, whose share that is paid at the start depends on what is committed. */
  readonly upfrontMicroUsd: number;
  /** Of one reserved instance what is charged each hour, of a savings plan the rate that usage counts by. */
  readonly hourlyMicroUsd: number;
  /** Nobody asked this price: it was computed from others. Kept to be seen, and in no plan, bill or report. */
  readonly isEstimate?: true;
}

/** A rate that cannot be meant: which type, which rule, and a sentence. */
export interface RateFault extends Omit<PriceFault, "rule"> {
  readonly rule:
    | "no_rates"
    | "malformed_line"
    | "duplicate_rate"
    | "not_a_price"
    | "price_not_positive"
    | "price_unknown"
    | "rate_above_price"
    | "rate_too_low"
    | "payment_mismatch";
}

/** Of partial upfront AWS asks 33 to 90 % at the start (lists of 2016 to 2026, half in most): a part a fiftieth of the other is in another unit. */
const MOST_APART = 50n;

/** No discount of AWS's is above 76 % of the price on demand: a rate below a twentieth of it is in another unit. */
const LEAST_SHARE = 20n;

const LINES: Readonly<Record<CommitmentKind, string>> = {
  reserved_instances:
    "A line is a machine type, term, offering class, payment option, and the dollars at the start and an hour, as m7i.large 1y standard no_upfront 0 0.06668; of an estimate the word estimate follows.",
  ec2_instance_savings_plan:
    "A line is a machine type, term, payment option and rate, as m7i.large 1y no_upfront 0.0667; of an estimate the word estimate follows.",
  compute_savings_plan:
    "A line is a machine type, term, payment option and rate, as m7i.large 1y no_upfront 0.0726; of an estimate the word estimate follows.",
};

/**
 * Reads a list of rates, one on each line, in the list's order; `prices` are those on demand in the region, micro-dollars an hour.
 *
 * As with prices on demand, the list is taken as a whole or not at all, and every fault is given. What a rate is held
 * against is the price on demand: a commitment that costs more is none, and one that costs next to nothing is a slip.
 */
export function readRateList(
  text: string,
  kind: CommitmentKind,
  prices: ReadonlyMap<string, number>,
): Result<readonly Rate[], RateFault[]> {
  const rates: Rate[] = [];
  const named = new Set<string>();
  const faults: RateFault[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    const [machineType = ""] = words;
    if (machineType === "") continue;
    const fault = (rule: RateFault["rule"], detail: string) =>
      faults.push({ machineType: machineType.slice(0, 63), rule, detail });
    const parts = partsOf(words, kind);
    if (parts === undefined) {
      fault("malformed_line", LINES[kind]);
      continue;
    }
    const offer = parts.offer.join(" ");
    if (named.has(`${machineType} ${offer}`)) {
      fault("duplicate_rate", `${offer} is in the list already.`);
      continue;
    }
    named.add(`${machineType} ${offer}`);
    const upfrontMicroUsd = microUsdFromAmount(parts.upfront);
    const hourlyMicroUsd = microUsdFromAmount(parts.hourly);
    if ([parts.upfront, parts.hourly].some((amount) => /^-\d/.test(amount))) {
      fault("price_not_positive", `${offer}: a commitment costs something.`);
    } else if (upfrontMicroUsd === undefined || hourlyMicroUsd === undefined) {
      fault("not_a_price", `${offer}: not a decimal number of dollars of at most six decimals, as 0.1008.`);
    } else {
      const { term, offeringClass, paymentOption, isEstimate } = parts;
      const rate: Rate = {
        machineType,
        term,
        offeringClass,
        paymentOption,
        upfrontMicroUsd,
        hourlyMicroUsd,
        ...(isEstimate && { isEstimate }),
      };
      const wrong = rateFault(rate, kind, prices.get(machineType));
      if (wrong === undefined) rates.push(rate);
      else fault(wrong.rule, `${offer}: ${wrong.detail}`);
    }
  }
  if (named.size === 0 && faults.length === 0) {
    faults.push({
      machineType: "the list",
      rule: "no_rates",
      detail: `is empty, and would offer nothing. ${LINES[kind]}`,
    });
  }
  return faults.length === 0 ? ok(rates) : err(faults);
}

interface Parts extends Pick<Rate, "term" | "offeringClass" | "paymentOption"> {
  readonly offer: readonly string[];
  readonly upfront: string;
  readonly hourly: string;
  readonly isEstimate: boolean;
}

function partsOf(words: readonly string[], kind: CommitmentKind): Parts | undefined {
  const isReserved = kind === "reserved_instances";
  const isEstimate = words.at(-1) === "estimate";
  const [machineType = "", ...rest] = isEstimate ? words.slice(0, -1) : words;
  const [term = "", offeringClass = "", paymentOption = "", upfront = "", hourly = ""] = isReserved
    ? rest
    : [rest[0], "standard", rest[1], "0", rest[2]];
  const fits =
    rest.length === (isReserved ? 5 : 3) &&
    MACHINE_TYPE.test(machineType) &&
    isTerm(term) &&
    isOfferingClass(offeringClass) &&
    isPaymentOption(paymentOption);
  if (!fits) return undefined;
  return {
    term,
    offeringClass: isReserved ? offeringClass : null,
    paymentOption,
    offer: isReserved ? [term, offeringClass, paymentOption] : [term, paymentOption],
    upfront,
    hourly,
    isEstimate,
  };
}

/** What is wrong with a rate beside the price on demand, in a sentence that follows a subject; undefined for nothing. */
export function rateFault(
  rate: Rate,
  kind: CommitmentKind,
  price: number | undefined,
): { readonly rule: RateFault["rule"]; readonly detail: string } | undefined {
  const { upfrontMicroUsd: upfront, hourlyMicroUsd: hourly, paymentOption, term } = rate;
  if (upfront === 0 && hourly === 0) return { rule: "price_not_positive", detail: "a commitment costs something." };
  if (kind === "reserved_instances") {
    const fits = {
      no_upfront: upfront === 0,
      partial_upfront: upfront > 0 && hourly > 0,
      all_upfront: hourly === 0,
    }[paymentOption];
    if (!fits)
      return { rule: "payment_mismatch", detail: "what is paid at the start and an hour is another payment option." };
  }
  if (price === undefined) {
    return { rule: "price_unknown", detail: "no price on demand is known of the type; import that first." };
  }
  const hours = BigInt(TERMS[term].hours);
  const recurring = BigInt(hourly) * hours;
  const whole = BigInt(upfront) + recurring;
  const onDemand = BigInt(price) * hours;
  const shown = `${Number(whole / hours)} micro-dollars an hour in all, and ${price} on demand:`;
  if (whole > onDemand) return { rule: "rate_above_price", detail: `${shown} that is no discount.` };
  if (paymentOption === "partial_upfront" && kind === "reserved_instances" && areApart(BigInt(upfront), recurring)) {
    return {
      rule: "payment_mismatch",
      detail: "what is paid at the start is next to all of it or next to nothing: that is another unit.",
    };
  }
  if (whole * LEAST_SHARE < onDemand) return { rule: "rate_too_low", detail: `${shown} that is another unit.` };
  return undefined;
}

/** Whether two parts of a price are so far apart that one of them is in another unit. */
export function areApart(a: bigint, b: bigint): boolean {
  return a * MOST_APART < b || b * MOST_APART < a;
}

import type { OfferingClass, PaymentOption, Rate, Term } from "@berth/domain";
import type { PlanningCase } from "../ladder/planning-case.ts";
import { quarterUnits } from "../terms/size-factor.ts";
import type { ReservedRateBook } from "./plan-products.ts";
import type { ShownPurchase } from "./planned-commitments.ts";

/** What is bought at once: so many reserved instances of one type, or a savings plan. */
export interface PurchasePart {
  /** Of the plan's purchases, from 0, and of the sizes that it is quoted in. */
  readonly purchase: number;
  readonly part: number;
  readonly product: string;
  /** Of the plan, from 0. */
  readonly month: number;
  readonly term: Term;
  readonly paymentOption: PaymentOption;
  /** Undefined for a savings plan, which is bought by hand. */
  readonly reserved:
    | {
        readonly region: string;
        readonly machineType: string;
        readonly count: number;
        readonly offeringClass: OfferingClass;
        /** Of one of them. */
        readonly upfrontMicroUsd: number;
        readonly hourlyMicroUsd: number;
      }
    | undefined;
}

/**
 * A plan's purchases in the sizes that they are quoted in, each at the rate that the region's book has for its own type: AWS's
 * sizes cost in proportion to within 3 % alone. Of a type that the book has not, at the unit's in proportion, rounded up.
 */
export function purchaseParts(
  { products, families }: PlanningCase,
  purchases: readonly ShownPurchase[],
  books: readonly ReservedRateBook[],
): PurchasePart[] {
  const productOf = new Map(products.map((product) => [product.name, product]));
  return purchases.flatMap((shown, purchase): PurchasePart[] => {
    const product = productOf.get(shown.product);
    if (product === undefined) throw new RangeError(`the case has no product ${shown.product}`);
    const common = {
      purchase,
      product: product.name,
      month: shown.month,
      term: product.term,
      paymentOption: product.paymentOption,
    };
    if (product.kind === "savings_plan") return [{ ...common, part: 0, reserved: undefined }];
    const family = families[product.family];
    if (family === undefined) throw new RangeError(`the case has no family of ${product.name}`);
    // As planningFile names its families.
    const region = family.name.split("/")[0] ?? "";
    const rates = books.filter((book) => book.region === region).flatMap((book) => book.rates);
    return (shown.quote ?? []).map(({ machineType, instances }, part) => {
      const isSame = (rate: Rate) =>
        rate.machineType === machineType &&
        rate.term === product.term &&
        rate.offeringClass === product.offeringClass &&
        rate.paymentOption === product.paymentOption;
      const rate = rates.find(isSame);
      const units = (quarterUnits(machineType) ?? 0) / (quarterUnits(family.unit) ?? 1);
      return {
        ...common,
        part,
        reserved: {
          region,
          machineType,
          count: instances,
          offeringClass: product.offeringClass,
          upfrontMicroUsd: rate?.upfrontMicroUsd ?? Math.ceil(product.upfrontMicroUsd * units),
          hourlyMicroUsd: rate?.hourlyMicroUsd ?? Math.ceil(product.hourlyMicroUsd * units),
        },
      };
    });
  });
}

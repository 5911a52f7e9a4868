import type { OfferingClass, PaymentOption, Term } from "@berth/domain";

/** What a plan may buy, for what demand, at what prices, and by which rules. Months count from 0, the first of the plan, and have 730 hours. */
export interface PlanningCase {
  /** The horizon. */
  readonly months: number;
  readonly families: readonly PlanFamily[];
  readonly demands: readonly DemandClass[];
  readonly scenarios: readonly Scenario[];
  readonly products: readonly Product[];
  readonly held: readonly HeldCommitment[];
  /** A year, in percent. */
  readonly discountPercent: number;
  readonly risk: RiskLimits;
  readonly guardRails: boolean;
}

/** Machines that one reserved instance of the family covers in any size, counted in machines of one size: its unit. */
export interface PlanFamily {
  readonly name: string;
  /** That its reserved instances are bought in; families without one are of one region. */
  readonly region?: string | undefined;
  /** Machine type of one unit, as `m7i.xlarge`. */
  readonly unit: string;
  /** Of one unit. */
  readonly onDemandMicroUsdPerHour: number;
  /** Machine types that purchases are quoted in, and how many units each is: the largest first. The unit is one of them. */
  readonly sizes: readonly { readonly machineType: string; readonly units: number }[];
}

/** Demand that one family serves, or any of several: then so many of its units in thousandths stand for one unit of demand. */
export interface DemandClass {
  readonly name: string;
  readonly options: readonly DemandOption[];
}

export interface DemandOption {
  readonly family: number;
  readonly milliUnits: number;
}

export interface Scenario {
  readonly name: string;
  /** A whole number: its share of the sum of all. */
  readonly weight: number;
  /** As many as the case has months, each of segments whose hours add up to 730. */
  readonly months: readonly (readonly Segment[])[];
}

/** Hours of a month in which all demands were as they are here at the same time: the same hours for every family. */
export interface Segment {
  readonly hours: number;
  /** Of each demand, in thousandths of a unit. */
  readonly milliUnits: readonly number[];
}

interface Payment {
  readonly name: string;
  readonly term: Term;
  readonly paymentOption: PaymentOption;
}

/** Reserved instances of a family, bought by the unit. */
export interface ReservedProduct extends Payment {
  readonly kind: "reserved";
  readonly family: number;
  readonly offeringClass: OfferingClass;
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
}

/** A Compute Savings Plan, bought in steps of so many micro-dollars an hour; an even number, as half of it may be paid at the start. */
export interface SavingsPlanProduct extends Payment {
  readonly kind: "savings_plan";
  readonly stepMicroUsdPerHour: number;
  /** What a unit of each family counts by an hour; 0 for a family that the plan has no rate of. */
  readonly rates: readonly number[];
}

export type Product = ReservedProduct | SavingsPlanProduct;

/** A commitment that exists: paid for whatever is decided, as far as it is charged by the hour. Runs in months start up to end. */
export type HeldCommitment = { readonly name: string; readonly startMonth: number; readonly endMonth: number } & (
  | {
      readonly kind: "reserved";
      readonly family: number;
      readonly term: Term;
      readonly units: number;
      /** Of one unit. */
      readonly hourlyMicroUsd: number;
    }
  | {
      readonly kind: "savings_plan";
      readonly term: Term;
      readonly committedMicroUsdPerHour: number;
      readonly paymentOption: PaymentOption;
      readonly rates: readonly number[];
    }
);

/** Of the loss of a plan: what it costs in a scenario above buying nothing more there. */
export interface RiskLimits {
  /** Of conditional value at risk: the mean of the worst so many percent of cases is 100 less this. */
  readonly alphaPercent: number;
  /** How much of the objective is that mean, the rest being the expected cost. */
  readonly weightPercent: number;
  /** That mean may be no more than this; undefined for any. */
  readonly mostLossMicroUsd: number | undefined;
}

export interface Purchase {
  readonly product: number;
  readonly month: number;
  /** Units, or steps of a savings plan. */
  readonly count: number;
}

export const NO_RISK: RiskLimits = { alphaPercent: 95, weightPercent: 0, mostLossMicroUsd: undefined };

/** A term in months of 730 hours, which is exact for both terms. */
export const TERM_MONTHS: Readonly<Record<Term, number>> = { "1y": 12, "3y": 36 };

export const HOURS = 730;

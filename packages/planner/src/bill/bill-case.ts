import type { OfferingClass, PaymentOption, Term } from "@berth/domain";

/** What a machine is billed as. A reserved instance is for one of them; only `linux` is AWS's Linux/UNIX. */
export const PLATFORMS = [
  "linux",
  "windows",
  "rhel",
  "suse",
  "windows_sql_web",
  "windows_sql_standard",
  "windows_sql_enterprise",
  "linux_sql_web",
  "linux_sql_standard",
  "linux_sql_enterprise",
] as const;
export type Platform = (typeof PLATFORMS)[number];

export const TENANCIES = ["default", "dedicated"] as const;
export type Tenancy = (typeof TENANCIES)[number];

export const PLAN_KINDS = ["ec2_instance", "compute"] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

/** What has one price on demand. */
export interface Product {
  readonly region: string;
  readonly machineType: string;
  readonly platform: Platform;
  readonly tenancy: Tenancy;
}

/** Clock-hours, counted from any hour that the case chooses as its 0. The first one, and how many. */
export interface HourRange {
  readonly fromHour: number;
  readonly hours: number;
}

/** So many machines that ran in each hour of a range. */
export interface MachineHours extends Product, HourRange {
  readonly account: string;
  readonly zone: string;
  /** That each of them is billed in each hour: 1 to 3,600. */
  readonly seconds: number;
  readonly count: number;
}

/** By the name of a rate card, what a unit costs under a plan that has it: pico-dollars, or null where such a plan does not apply. */
export type PlanRates = ReadonlyMap<string, bigint | null>;

/** Usage that is no machine, as of Fargate or Lambda: only Compute Savings Plans apply to it. */
export interface ServiceHours extends HourRange {
  readonly account: string;
  readonly service: string;
  /** Of each hour, in millionths of a unit. */
  readonly microUnits: bigint;
  readonly onDemandPicoUsd: bigint;
  readonly planRates: PlanRates;
}

/** Of one machine for an hour. */
export interface ProductPrice extends Product {
  readonly onDemandPicoUsd: bigint;
  readonly planRates: PlanRates;
}

interface Commitment {
  readonly id: string;
  /** That bought it. */
  readonly account: string;
  readonly startHour: number;
  /** The first hour in which it is over. */
  readonly endHour: number;
}

export interface Reservation extends Commitment, Product {
  /** Zonal when there is one, regional when not. */
  readonly zone: string | undefined;
  /** Changes nothing in how it applies. */
  readonly offeringClass: OfferingClass;
  readonly term: Term;
  /** That its upfront price is for, where that is less than the term: what was left of it when it was bought second hand. */
  readonly termHours?: number | undefined;
  readonly count: number;
  /** Of one of them. */
  readonly upfrontPicoUsd: bigint;
  /** Of one of them, for each hour up to its end. */
  readonly hourlyPicoUsd: bigint;
}

export interface SavingsPlan extends Commitment {
  readonly kind: PlanKind;
  /** Of the kind `ec2_instance` alone: the only machines that it applies to. */
  readonly only: { readonly region: string; readonly family: string } | undefined;
  readonly term: Term;
  readonly payment: PaymentOption;
  /** Its rates, by this name in the prices: they depend on term and payment. */
  readonly rateCard: string;
  /** Of each hour, at the rates of the plan. */
  readonly commitmentPicoUsd: bigint;
}

/** Everything that a bill follows from. */
export interface BillCase {
  /** Hours that are billed; what runs or is bought outside is no part of it. */
  readonly period: HourRange;
  readonly sharing: Sharing;
  /** Whether regional reservations cover other sizes of their family; without it they do. They did not before March 2017. */
  readonly sizeFlexibility?: boolean | undefined;
  readonly machines: readonly MachineHours[];
  readonly services: readonly ServiceHours[];
  /** One for each product that runs. */
  readonly prices: readonly ProductPrice[];
  readonly reservations: readonly Reservation[];
  /** Ids are unique among reservations and plans together. */
  readonly plans: readonly SavingsPlan[];
}

/** Whether what an account does not use goes to others: only where both of them share. */
export interface Sharing {
  readonly on: boolean;
  readonly offFor: ReadonlySet<string>;
}

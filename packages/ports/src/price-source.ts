/**
 * Prices as the cloud tells of them, for machines that run Linux at shared tenancy. Amounts are dollars, as decimal texts just
 * as they came: whether one can be meant is for the reader of price books to say.
 */
export interface CloudPriceList {
  /** Which edition of its list the cloud says that it is. */
  readonly edition: string;
  readonly onDemand: readonly CloudPrice[];
  readonly reserved: readonly CloudReservedRate[];
}

export interface CloudPrice {
  readonly machineType: string;
  readonly usdPerHour: string;
}

/** What one reserved instance of the region costs. */
export interface CloudReservedRate {
  readonly machineType: string;
  readonly years: number;
  /** As `standard`. */
  readonly offeringClass: string;
  /** As `No Upfront`. */
  readonly payment: string;
  readonly upfrontUsd: string;
  readonly usdPerHour: string;
}

export const CLOUD_PLAN_KINDS = ["compute_savings_plan", "ec2_instance_savings_plan"] as const;
export type CloudPlanKind = (typeof CLOUD_PLAN_KINDS)[number];

/** What an hour of a machine counts under a savings plan. */
export interface CloudPlanRate {
  readonly machineType: string;
  readonly years: number;
  readonly payment: string;
  readonly usdPerHour: string;
}

/** The public prices of a cloud. Throws PortError: throttled, unavailable, denied, invalid. */
export interface PriceSource {
  /** For the source of what is read, as `aws`. */
  readonly name: string;
  /** The whole list of a region, through as many pages as it takes. */
  priceList(region: string): Promise<CloudPriceList>;
  planRates(region: string, kind: CloudPlanKind): Promise<readonly CloudPlanRate[]>;
}

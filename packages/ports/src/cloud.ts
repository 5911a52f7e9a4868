import type { Result } from "@berth/domain";

/** Everything of one RunInstances call. Stored before the call and repeated unchanged under the same token. */
export interface LaunchRequest {
  /** At most 64 ASCII characters; a hash of machine id and attempt number. */
  readonly clientToken: string;
  readonly machineType: string;
  readonly zone: string;
  readonly imageId: string;
  readonly subnetId?: string;
  readonly securityGroupIds?: readonly string[];
  readonly instanceProfile?: string;
  /** Plain text; the adapter encodes it. */
  readonly userData: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rootVolumeGib: number;
}

export const CLOUD_INSTANCE_STATES = [
  "pending",
  "running",
  "shutting-down",
  "terminated",
  "stopping",
  "stopped",
] as const;
export type CloudInstanceState = (typeof CLOUD_INSTANCE_STATES)[number];

export interface CloudInstance {
  readonly instanceId: string;
  readonly state: CloudInstanceState;
  readonly machineType: string;
  readonly zone: string;
  readonly launchedAt: Date;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientToken: string;
}

/**
 * Expected outcomes of a launch that change the plan.
 *
 * insufficient_capacity: another offering with a new token; token_reused: the token was used with other parameters (our
 * bug) or for an instance that is dead: open a new attempt; limit_exceeded: the account's quota.
 */
export interface LaunchRefusal {
  readonly kind: "insufficient_capacity" | "token_reused" | "limit_exceeded" | "unsupported";
  readonly message: string;
}

export interface InstanceFilter {
  readonly instanceIds?: readonly string[];
  /** Equal to all of these tags. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly clientToken?: string;
  /** Leaves out shutting-down and terminated ones. */
  readonly alive?: boolean;
}

/** Reserved instances that were bought in the account and region, as EC2 tells of them. */
export interface CloudReservedInstances {
  readonly id: string;
  readonly state: string;
  readonly machineType: string;
  readonly count: number;
  /** Zonal ones; undefined for regional ones. */
  readonly zone: string | undefined;
  /** As `Linux/UNIX`. */
  readonly platform: string;
  /** As `default`. */
  readonly tenancy: string;
  /** As `standard`. */
  readonly offeringClass: string;
  /** As `No Upfront`. */
  readonly payment: string;
  readonly durationSeconds: number;
  /** Of one of them, at the start. */
  readonly upfrontMicroUsd: number;
  /** Of one of them, for each hour, used or not. */
  readonly hourlyMicroUsd: number;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** Which reserved instances are asked for: regional, Linux/UNIX, default tenancy, of EC2 itself and not of its marketplace. */
export interface ReservedOfferingQuery {
  readonly machineType: string;
  /** As `standard`. */
  readonly offeringClass: string;
  /** As `No Upfront`. */
  readonly payment: string;
  readonly durationSeconds: number;
}

/** What one of them costs. */
export interface ReservedOffering {
  readonly offeringId: string;
  readonly upfrontMicroUsd: number;
  readonly hourlyMicroUsd: number;
}

export interface ReservedPurchase {
  readonly offeringId: string;
  readonly count: number;
  /** What all of them may cost at the start: EC2 refuses to sell them dearer. */
  readonly limitMicroUsd: number;
}

/**
 * One account and region of EC2.
 *
 * Throws PortError: throttled (RequestLimitExceeded), unavailable, denied, invalid.
 * A new instance may be missing from `describe` for a while, and an id that is not found is not proof of its end.
 */
export interface Cloud {
  readonly region: string;
  launch(request: LaunchRequest): Promise<Result<CloudInstance, LaunchRefusal>>;
  /** All that match, through as many pages as it takes; unknown ids are left out. */
  describe(filter: InstanceFilter): Promise<CloudInstance[]>;
  /** Idempotent; "not_found" says that EC2 does not know the id (yet, or any more). */
  /** Every purchase that EC2 still knows of, ended ones too. */
  reservedInstances(): Promise<CloudReservedInstances[]>;
  /** Those for sale that are so. */
  reservedOfferings(query: ReservedOfferingQuery): Promise<ReservedOffering[]>;
  /**
   * Buys at once, and gives the purchase's id. EC2 has no token for it: a call whose answer is lost may have bought, and must be
   * looked for among `reservedInstances`, never repeated. Throws PortError: invalid also where the price is above the limit.
   */
  purchaseReserved(purchase: ReservedPurchase): Promise<string>;
  terminate(instanceId: string): Promise<"terminating" | "not_found">;
}

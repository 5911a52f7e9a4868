/** States of an instance that the model passes through; `stopped` and `stopping` are not modelled. */
export type Ec2InstanceState = "pending" | "running" | "shutting-down" | "terminated";

/** Wire codes of the states (EC2 API reference, InstanceState). */
export const STATE_CODES: Readonly<Record<Ec2InstanceState, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
};

export interface BlockDevice {
  readonly deviceName: string;
  readonly volumeSizeGib?: number | undefined;
  readonly volumeType?: string | undefined;
  readonly iops?: number | undefined;
  readonly throughputMibps?: number | undefined;
  readonly encrypted?: boolean | undefined;
  readonly deleteOnTermination?: boolean | undefined;
}

export interface MetadataOptions {
  readonly httpTokens?: string | undefined;
  readonly httpEndpoint?: string | undefined;
  readonly httpPutResponseHopLimit?: number | undefined;
  readonly instanceMetadataTags?: string | undefined;
}

/** Everything of a RunInstances call that the model looks at; the rest of the call counts in its fingerprint alone. */
export interface LaunchRequest {
  readonly imageId: string;
  readonly instanceType: string;
  readonly minCount: number;
  readonly maxCount: number;
  readonly clientToken?: string | undefined;
  /** Base64, as on the wire. */
  readonly userData?: string | undefined;
  readonly zone?: string | undefined;
  readonly subnetId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly blockDevices: readonly BlockDevice[];
  readonly metadataOptions?: MetadataOptions | undefined;
  readonly securityGroupIds: readonly string[];
  readonly iamInstanceProfile?: string | undefined;
  readonly keyName?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Further parameters as the skin received them, in any order: changing one changes the call. */
  readonly otherParameters?: Readonly<Record<string, string>> | undefined;
}

/**
 * One simulated machine. Its life is a row of instants drawn at launch, so that any later read, in any order,
 * and a restored snapshot tell the same story.
 */
export interface Ec2Instance {
  readonly id: string;
  readonly ordinal: number;
  readonly reservationId: string;
  readonly request: LaunchRequest;
  readonly zone: string;
  readonly subnetId: string;
  readonly privateIp: string;
  tags: Record<string, string>;
  readonly launchedAt: number;
  /** Describe calls see this machine, and each change of its state, this much late. */
  readonly lagMs: number;
  readonly runningAt: number;
  /** When its operating system has started; null for a machine that never boots. */
  readonly bootAt: number | null;
  terminatingAt: number | null;
  /** When its processes are gone: after shutting-down began, before terminated shows. */
  vanishAt: number | null;
  terminatedAt: number | null;
  stateReason: { readonly code: string; readonly message: string } | null;
}

/** The true state at an instant, before any lag. */
export function stateAt(instance: Ec2Instance, at: number): Ec2InstanceState {
  if (instance.terminatedAt !== null && at >= instance.terminatedAt) return "terminated";
  if (instance.terminatingAt !== null && at >= instance.terminatingAt) return "shutting-down";
  return at >= instance.runningAt ? "running" : "pending";
}

/** What a Describe call sees now, or undefined while the machine is invisible or long gone. */
export function describedState(instance: Ec2Instance, now: number, keepTerminatedMs: number) {
  const seenAt = now - instance.lagMs;
  if (seenAt < instance.launchedAt) return undefined;
  if (instance.terminatedAt !== null && seenAt >= instance.terminatedAt + keepTerminatedMs) return undefined;
  return stateAt(instance, seenAt);
}

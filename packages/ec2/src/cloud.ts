import {
  type _InstanceType,
  DescribeInstancesCommand,
  DescribeReservedInstancesCommand,
  DescribeReservedInstancesOfferingsCommand,
  EC2Client,
  type Filter,
  type Instance,
  type OfferingClassType,
  type OfferingTypeValues,
  PurchaseReservedInstancesOfferingCommand,
  type ReservedInstances,
  type ReservedInstancesOffering,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { err, ok } from "@berth/domain";
import {
  CLOUD_INSTANCE_STATES,
  type Cloud,
  type CloudInstance,
  type CloudInstanceState,
  type CloudReservedInstances,
  type InstanceFilter,
  type LaunchRequest,
  PortError,
  type ReservedOffering,
} from "@berth/ports";
import { asPortError, codeOf, refusalOf } from "./errors.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

export interface Ec2CloudOptions {
  readonly region: string;
  /** Another endpoint than AWS's own: the simulator's, or an emulator's. */
  readonly endpoint?: string;
  /** Left out: the SDK's default chain (environment, profile, instance role). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** EC2 refills 2 RunInstances a second; share one bucket among all clouds of an account and region. */
  readonly launchBucket?: TokenBucket;
  /** How long a launch may wait for the bucket. */
  readonly launchWaitMs?: number;
  /** Attempts of a read or a termination in all, first included. */
  readonly maxAttempts?: number;
  readonly requestTimeoutMs?: number;
  /** Device of the image's root volume: `/dev/sda1` on Ubuntu, `/dev/xvda` on Amazon Linux. */
  readonly rootDeviceName?: string;
}

export interface Ec2Cloud extends Cloud {
  close(): void;
}

export const LAUNCHES_PER_SECOND = 2;
export const LAUNCH_BURST = 20;

/** DescribeInstances takes at most 200 values in one filter. */
const VALUES_PER_FILTER = 200;
const PAGE_SIZE = 500;
const ALIVE: readonly CloudInstanceState[] = ["pending", "running", "stopping", "stopped"];

/** One account and region of EC2 through the AWS SDK. */
export function createEc2Cloud(options: Ec2CloudOptions): Ec2Cloud {
  const configuration = {
    region: options.region,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      throwOnRequestTimeout: true,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  const client = new EC2Client({ ...configuration, maxAttempts: options.maxAttempts ?? 3 });
  // One attempt a launch: EC2 says 500 for missing capacity, and asking again at once would only cost two more tokens of
  // the account's bucket. A lost answer is repeated by the machine's loop, with the same stored request.
  const launches = new EC2Client({ ...configuration, maxAttempts: 1 });
  const bucket = options.launchBucket ?? createTokenBucket({ perSecond: LAUNCHES_PER_SECOND, burst: LAUNCH_BURST });
  const rootDeviceName = options.rootDeviceName ?? "/dev/sda1";

  return {
    region: options.region,
    launch: async (request) => {
      await bucket.take(options.launchWaitMs ?? 5000);
      let instance: Instance | undefined;
      try {
        const answer = await launches.send(new RunInstancesCommand(runInstancesInput(request, rootDeviceName)));
        instance = answer.Instances?.[0];
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== undefined) return err(refusal);
        throw asPortError(error, "RunInstances");
      }
      if (instance === undefined) throw new PortError("unavailable", "RunInstances: an answer without an instance");
      const launched = toCloudInstance(instance);
      // Older behaviour of a token whose instance has ended: the dead instance instead of an error (harbor #2346).
      if (launched.state === "terminated" || launched.state === "shutting-down") {
        return err({ kind: "token_reused", message: `the token belongs to ${launched.instanceId}, which has ended` });
      }
      return ok(launched);
    },
    describe: async (filter) => {
      if (filter.instanceIds?.length === 0) return [];
      const found: CloudInstance[] = [];
      for (const filters of filtersOf(filter)) {
        let token: string | undefined;
        do {
          try {
            const answer = await client.send(
              new DescribeInstancesCommand({
                ...(filters.length === 0 ? {} : { Filters: filters }),
                MaxResults: PAGE_SIZE,
                ...(token === undefined ? {} : { NextToken: token }),
              }),
            );
            for (const reservation of answer.Reservations ?? []) {
              for (const instance of reservation.Instances ?? []) found.push(toCloudInstance(instance));
            }
            token = answer.NextToken === "" ? undefined : answer.NextToken;
          } catch (error) {
            throw asPortError(error, "DescribeInstances");
          }
        } while (token !== undefined);
      }
      return found;
    },
    reservedInstances: async () => {
      try {
        const answer = await client.send(new DescribeReservedInstancesCommand({}));
        return (answer.ReservedInstances ?? []).map(toReservedInstances);
      } catch (error) {
        throw asPortError(error, "DescribeReservedInstances");
      }
    },
    reservedOfferings: async ({ machineType, offeringClass, payment, durationSeconds }) => {
      const found: ReservedOffering[] = [];
      let token: string | undefined;
      do {
        try {
          const answer = await client.send(
            new DescribeReservedInstancesOfferingsCommand({
              InstanceType: machineType as _InstanceType,
              ProductDescription: "Linux/UNIX",
              InstanceTenancy: "default",
              OfferingClass: offeringClass as OfferingClassType,
              OfferingType: payment as OfferingTypeValues,
              MinDuration: durationSeconds,
              MaxDuration: durationSeconds,
              IncludeMarketplace: false,
              Filters: [{ Name: "scope", Values: ["Region"] }],
              ...(token === undefined ? {} : { NextToken: token }),
            }),
          );
          found.push(...(answer.ReservedInstancesOfferings ?? []).map(toReservedOffering));
          token = answer.NextToken === "" ? undefined : answer.NextToken;
        } catch (error) {
          throw asPortError(error, "DescribeReservedInstancesOfferings");
        }
      } while (token !== undefined);
      return found;
    },
    purchaseReserved: async ({ offeringId, count, limitMicroUsd }) => {
      try {
        // One attempt: a repeat after a lost answer would buy twice.
        const answer = await launches.send(
          new PurchaseReservedInstancesOfferingCommand({
            ReservedInstancesOfferingId: offeringId,
            InstanceCount: count,
            LimitPrice: { Amount: limitMicroUsd / 1e6, CurrencyCode: "USD" },
          }),
        );
        if (answer.ReservedInstancesId !== undefined) return answer.ReservedInstancesId;
      } catch (error) {
        throw asPortError(error, "PurchaseReservedInstancesOffering");
      }
      throw new PortError("unavailable", "PurchaseReservedInstancesOffering: an answer without an id");
    },
    terminate: async (instanceId) => {
      try {
        await client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
        return "terminating";
      } catch (error) {
        if (codeOf(error) === "InvalidInstanceID.NotFound") return "not_found";
        throw asPortError(error, "TerminateInstances");
      }
    },
    close: () => {
      client.destroy();
      launches.destroy();
    },
  };
}

/**
 * The whole call, the same for the same request: a repeat under one token with another parameter would be refused, so
 * nothing here depends on the time or on the order of tags.
 *
 * IMDSv2 alone and one hop: a pod that was broken into reaches no credentials of its machine. The root volume is encrypted.
 */
function runInstancesInput(request: LaunchRequest, rootDeviceName: string): RunInstancesCommandInput {
  const tags = Object.entries(request.tags)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }));
  return {
    ClientToken: request.clientToken,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: request.machineType as _InstanceType,
    ImageId: request.imageId,
    Placement: { AvailabilityZone: request.zone },
    UserData: Buffer.from(request.userData, "utf8").toString("base64"),
    ...(request.subnetId === undefined ? {} : { SubnetId: request.subnetId }),
    ...(request.securityGroupIds === undefined ? {} : { SecurityGroupIds: [...request.securityGroupIds] }),
    ...(request.instanceProfile === undefined ? {} : { IamInstanceProfile: profileOf(request.instanceProfile) }),
    MetadataOptions: {
      HttpEndpoint: "enabled",
      HttpTokens: "required",
      HttpPutResponseHopLimit: 1,
      InstanceMetadataTags: "disabled",
    },
    BlockDeviceMappings: [
      {
        DeviceName: rootDeviceName,
        Ebs: { VolumeType: "gp3", VolumeSize: request.rootVolumeGib, Encrypted: true, DeleteOnTermination: true },
      },
    ],
    TagSpecifications: [
      { ResourceType: "instance", Tags: tags },
      { ResourceType: "volume", Tags: tags },
    ],
  };
}

function profileOf(instanceProfile: string): { Arn: string } | { Name: string } {
  return instanceProfile.startsWith("arn:") ? { Arn: instanceProfile } : { Name: instanceProfile };
}

/** One list of filters a call. Ids go as a filter, not as InstanceIds: one unknown id there fails the whole call. */
function filtersOf(filter: InstanceFilter): Filter[][] {
  const common: Filter[] = Object.entries(filter.tags ?? {}).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [value],
  }));
  if (filter.clientToken !== undefined) common.push({ Name: "client-token", Values: [filter.clientToken] });
  if (filter.alive === true) common.push({ Name: "instance-state-name", Values: [...ALIVE] });
  if (filter.instanceIds === undefined) return [common];

  const calls: Filter[][] = [];
  for (let start = 0; start < filter.instanceIds.length; start += VALUES_PER_FILTER) {
    const ids = filter.instanceIds.slice(start, start + VALUES_PER_FILTER);
    calls.push([...common, { Name: "instance-id", Values: ids }]);
  }
  return calls;
}

function toReservedOffering(offering: ReservedInstancesOffering): ReservedOffering {
  return {
    offeringId: offering.ReservedInstancesOfferingId ?? "",
    ...pricesOf(offering),
  };
}

/** Prices come as floats of dollars: the nearest micro-dollar is what was meant. */
function toReservedInstances(reserved: ReservedInstances): CloudReservedInstances {
  const { ReservedInstancesId: id, Start: startsAt, End: endsAt } = reserved;
  if (id === undefined || startsAt === undefined || endsAt === undefined)
    throw new PortError("unavailable", "EC2 answered reserved instances without an id or a term");
  return {
    id,
    state: reserved.State ?? "",
    machineType: reserved.InstanceType ?? "",
    count: reserved.InstanceCount ?? 0,
    zone: reserved.Scope === "Availability Zone" ? reserved.AvailabilityZone : undefined,
    platform: reserved.ProductDescription ?? "",
    tenancy: reserved.InstanceTenancy ?? "",
    offeringClass: reserved.OfferingClass ?? "",
    payment: reserved.OfferingType ?? "",
    durationSeconds: reserved.Duration ?? 0,
    ...pricesOf(reserved),
    startsAt,
    endsAt,
  };
}

function pricesOf({
  FixedPrice,
  UsagePrice,
  RecurringCharges,
}: Pick<ReservedInstances, "FixedPrice" | "UsagePrice" | "RecurringCharges">) {
  const recurring = (RecurringCharges ?? []).reduce((sum, { Amount }) => sum + (Amount ?? 0), 0);
  return {
    upfrontMicroUsd: Math.round((FixedPrice ?? 0) * 1e6),
    hourlyMicroUsd: Math.round((recurring + (UsagePrice ?? 0)) * 1e6),
  };
}

function toCloudInstance(instance: Instance): CloudInstance {
  const state = CLOUD_INSTANCE_STATES.find((known) => known === instance.State?.Name);
  if (instance.InstanceId === undefined || state === undefined) {
    throw new PortError("unavailable", `EC2 answered an instance that cannot be read: ${instance.State?.Name}`);
  }
  return {
    instanceId: instance.InstanceId,
    state,
    machineType: instance.InstanceType ?? "",
    zone: instance.Placement?.AvailabilityZone ?? "",
    launchedAt: instance.LaunchTime ?? new Date(0),
    tags: Object.fromEntries((instance.Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
    clientToken: instance.ClientToken ?? "",
  };
}

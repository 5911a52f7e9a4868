import { createHash } from "node:crypto";
import { type Random, seededRandom } from "../random.ts";
import { Ec2Error } from "./error.ts";
import { offeringKey } from "./faults.ts";
import { type Ec2Instance, type LaunchRequest, stateAt } from "./instance.ts";
import type { Between } from "./options.ts";
import type { Ec2Context } from "./state.ts";
import { takeLaunchTokens } from "./throttle.ts";

/**
 * RunInstances.
 *
 * A client token makes the call idempotent in its zone when the call names one (by zone or by subnet), else in the
 * region. The same token with other parameters is refused; so is the token of a terminated machine (since January 2025:
 * boto3 #4406). Because the scope is zonal, the same token in another zone launches again: that is AWS's rule, and the
 * trap that a capacity fallback with an old token falls into.
 */
export function runInstances(context: Ec2Context, request: LaunchRequest): readonly Ec2Instance[] {
  checkParameters(context, request);
  const subnetZone = zoneOfSubnet(context, request);
  const namedZone = subnetZone ?? request.zone;
  const key = request.clientToken === undefined ? undefined : `${namedZone ?? context.region}|${request.clientToken}`;

  const earlier = key === undefined ? undefined : repeatedLaunch(context, key, request);
  if (request.dryRun === true) {
    throw new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
  }
  if (earlier !== undefined) return earlier;

  if (context.state.faults.throttling) {
    takeLaunchTokens(context.state.buckets, request.maxCount, context.clock.now());
  }
  const random = seededRandom(mixSeeds(context.seed, context.state.nextOrdinal));
  const zone = namedZone ?? zoneWithRoom(context, request, random);
  const count = grantedCount(context, request, zone);
  const instances = Array.from({ length: count }, () => createInstance(context, request, zone, random));
  if (key !== undefined) {
    context.state.tokens[key] = { fingerprint: fingerprintOf(request), instanceIds: instances.map(({ id }) => id) };
  }
  return instances;
}

function checkParameters({ catalogue, region, images }: Ec2Context, request: LaunchRequest): void {
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(request.imageId)) {
    throw new Ec2Error("InvalidAMIID.Malformed", `Invalid id: "${request.imageId}" (expecting "ami-...")`);
  }
  if (images !== undefined && !images.includes(request.imageId)) {
    throw new Ec2Error("InvalidAMIID.NotFound", `The image id '[${request.imageId}]' does not exist`);
  }
  if (catalogue.types[request.instanceType] === undefined) {
    throw new Ec2Error("InvalidParameterValue", `Invalid value '${request.instanceType}' for InstanceType.`);
  }
  if (catalogue.prices[region]?.[request.instanceType] === undefined) {
    throw new Ec2Error("Unsupported", "The requested configuration is currently not supported.");
  }
  if (!Number.isInteger(request.minCount) || request.minCount < 1 || request.maxCount < request.minCount) {
    throw new Ec2Error("InvalidParameterValue", "Invalid value for MinCount or MaxCount.");
  }
  if (request.clientToken !== undefined && !/^[\x20-\x7e]{1,64}$/.test(request.clientToken)) {
    throw new Ec2Error("InvalidParameterValue", "Value for parameter clientToken is invalid. Expecting 1 to 64 ASCII.");
  }
  // User data is limited to 16 KB before base64.
  if (request.userData !== undefined && Buffer.from(request.userData, "base64").length > 16_384) {
    throw new Ec2Error("InvalidParameterValue", "User data is limited to 16384 bytes");
  }
}

function zoneOfSubnet({ subnets, zones }: Ec2Context, request: LaunchRequest): string | undefined {
  if (request.zone !== undefined && !zones.includes(request.zone)) {
    throw new Ec2Error("InvalidParameterValue", `Invalid availability zone: [${request.zone}]`);
  }
  if (request.subnetId === undefined) return undefined;
  const subnet = subnets.find(({ id }) => id === request.subnetId);
  if (subnet === undefined) {
    throw new Ec2Error("InvalidSubnetID.NotFound", `The subnet ID '${request.subnetId}' does not exist`);
  }
  if (request.zone !== undefined && request.zone !== subnet.zone) {
    throw new Ec2Error("InvalidParameterValue", `Value (${request.zone}) for parameter availabilityZone is invalid.`);
  }
  return subnet.zone;
}

function repeatedLaunch(context: Ec2Context, key: string, request: LaunchRequest): readonly Ec2Instance[] | undefined {
  const record = context.state.tokens[key];
  if (record === undefined) return undefined;
  if (record.fingerprint !== fingerprintOf(request)) {
    const message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
    throw new Ec2Error("IdempotentParameterMismatch", message);
  }
  const instances = record.instanceIds.flatMap((id) => context.state.instances[id] ?? []);
  const now = context.clock.now();
  if (instances.every((instance) => stateAt(instance, now) === "terminated")) {
    const message = "The client token you have provided is associated with a terminated instance.";
    throw new Ec2Error("IdempotentInstanceTerminated", message);
  }
  return instances;
}

/** One hash over all parameters but the token, the dry-run flag and the zone, which AWS leaves out of the comparison. */
function fingerprintOf(request: LaunchRequest): string {
  const { clientToken: _token, dryRun: _dryRun, zone: _zone, ...rest } = request;
  return createHash("sha256")
    .update(JSON.stringify(sorted(rest)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function zoneWithRoom(context: Ec2Context, request: LaunchRequest, random: Random): string {
  const roomy = context.zones.filter((zone) => roomIn(context, request.instanceType, zone) >= request.minCount);
  return random.pick(roomy.length > 0 ? roomy : context.zones);
}

function roomIn({ state }: Ec2Context, instanceType: string, zone: string): number {
  const key = offeringKey(instanceType, zone);
  return state.faults.withdrawn.includes(key) ? 0 : (state.faults.capacity[key] ?? Number.POSITIVE_INFINITY);
}

/** How many machines the launch gets, between its two counts; takes them from the offering's capacity. */
function grantedCount(context: Ec2Context, request: LaunchRequest, zone: string): number {
  const { faults, instances } = context.state;
  const key = offeringKey(request.instanceType, zone);
  if (faults.withdrawn.includes(key)) {
    const message = `Your requested instance type (${request.instanceType}) is not supported in your requested Availability Zone (${zone}).`;
    throw new Ec2Error("Unsupported", message);
  }
  const now = context.clock.now();
  const living = Object.values(instances).filter((instance) => stateAt(instance, now) !== "terminated").length;
  const allowed = faults.instanceLimit === null ? Number.POSITIVE_INFINITY : faults.instanceLimit - living;
  if (allowed < request.minCount) {
    const message = `You have requested more instances (${request.minCount}) than your current instance limit of ${faults.instanceLimit} allows for the specified instance type.`;
    throw new Ec2Error("InstanceLimitExceeded", message);
  }
  const capacity = roomIn(context, request.instanceType, zone);
  if (capacity < request.minCount) {
    const message = `We currently do not have sufficient ${request.instanceType} capacity in the Availability Zone you requested (${zone}).`;
    throw new Ec2Error("InsufficientInstanceCapacity", message, 500);
  }
  const count = Math.min(request.maxCount, capacity, allowed);
  if (faults.capacity[key] !== undefined) faults.capacity[key] = capacity - count;
  return count;
}

function createInstance(context: Ec2Context, request: LaunchRequest, zone: string, random: Random): Ec2Instance {
  const { state, timings, subnets } = context;
  const ordinal = state.nextOrdinal++;
  const draw = ([low, high]: Between) => random.integer(low, high);
  const launchedAt = context.clock.now();
  const runningAt = launchedAt + draw(timings.pendingMs);
  const bootMs = draw(timings.bootMs);
  const boots = state.faults.neverBoot === 0;
  if (!boots) state.faults.neverBoot--;

  const instance: Ec2Instance = {
    id: `i-${hex(random, 17)}`,
    ordinal,
    reservationId: `r-${hex(random, 17)}`,
    request,
    zone,
    subnetId: request.subnetId ?? subnets.find((subnet) => subnet.zone === zone)?.id ?? "",
    privateIp: `10.${(ordinal >> 16) & 255}.${(ordinal >> 8) & 255}.${ordinal & 255}`,
    tags: { ...request.tags },
    launchedAt,
    lagMs: draw(timings.lagMs),
    runningAt,
    bootAt: boots ? runningAt + bootMs : null,
    terminatingAt: null,
    vanishAt: null,
    terminatedAt: null,
    stateReason: null,
  };
  state.instances[instance.id] = instance;
  context.watchBoot(instance);
  return instance;
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.integer(0, 15).toString(16)).join("");
}

/** Each launch has chance of its own, so that a restored model goes on as the saved one would have. */
export function mixSeeds(seed: number, ordinal: number): number {
  return (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(ordinal + 1, 0xc2b2ae35)) >>> 0;
}

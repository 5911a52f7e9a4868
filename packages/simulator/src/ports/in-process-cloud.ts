import { err, ok } from "@berth/domain";
import {
  type Cloud,
  type CloudInstance,
  type CloudReservedInstances,
  type LaunchRefusal,
  PortError,
  type PortErrorKind,
} from "@berth/ports";
import { Ec2AnswerLost, Ec2Error } from "../ec2/error.ts";
import type { Filter } from "../ec2/filters.ts";
import type { Ec2Model, InstanceView } from "../ec2/model.ts";
import type { ReservedOffering, ReservedView } from "../ec2/reserved.ts";

/** What a refused launch means for the plan; every other code is a failure. */
const REFUSALS: Readonly<Record<string, LaunchRefusal["kind"]>> = {
  InsufficientInstanceCapacity: "insufficient_capacity",
  IdempotentParameterMismatch: "token_reused",
  IdempotentInstanceTerminated: "token_reused",
  InstanceLimitExceeded: "limit_exceeded",
  Unsupported: "unsupported",
};

const KINDS: Readonly<Record<string, PortErrorKind>> = {
  RequestLimitExceeded: "throttled",
  UnauthorizedOperation: "denied",
  AuthFailure: "denied",
  "InvalidInstanceID.NotFound": "not_found",
};

/** The cloud port straight on the model, for the virtual clock: no socket, no SDK, same refusals as through both. */
export function inProcessCloud(model: Ec2Model): Cloud {
  return {
    region: model.region,
    launch: async (request) => {
      try {
        const [view] = model.runInstances({
          imageId: request.imageId,
          instanceType: request.machineType,
          minCount: 1,
          maxCount: 1,
          clientToken: request.clientToken,
          userData: Buffer.from(request.userData, "utf8").toString("base64"),
          zone: request.zone,
          subnetId: request.subnetId,
          tags: request.tags,
          blockDevices: [
            { deviceName: "/dev/sda1", volumeType: "gp3", volumeSizeGib: request.rootVolumeGib, encrypted: true },
          ],
          metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
          securityGroupIds: request.securityGroupIds ?? [],
          iamInstanceProfile: request.instanceProfile,
        });
        if (view === undefined) throw new PortError("unavailable", "RunInstances: an answer without an instance");
        if (view.state === "shutting-down") {
          return err({ kind: "token_reused", message: `the token belongs to ${view.instance.id}, which has ended` });
        }
        return ok(cloudInstanceOf(view));
      } catch (error) {
        const kind = error instanceof Ec2Error ? REFUSALS[error.code] : undefined;
        if (kind !== undefined) return err({ kind, message: (error as Ec2Error).message });
        throw portErrorOf(error, "RunInstances");
      }
    },
    describe: async ({ instanceIds, tags = {}, clientToken, alive }) => {
      if (instanceIds?.length === 0) return [];
      const filters: Filter[] = Object.entries(tags).map(([key, value]) => ({ name: `tag:${key}`, values: [value] }));
      // As filters, ids that EC2 does not know are left out instead of failing the call.
      if (instanceIds !== undefined) filters.push({ name: "instance-id", values: instanceIds });
      if (clientToken !== undefined) filters.push({ name: "client-token", values: [clientToken] });
      if (alive === true) filters.push({ name: "instance-state-name", values: ["pending", "running"] });
      const found: CloudInstance[] = [];
      try {
        let nextToken: string | undefined;
        do {
          const page = model.describeInstances({ filters, maxResults: 1000, nextToken });
          found.push(...page.items.map(cloudInstanceOf));
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
      } catch (error) {
        throw portErrorOf(error, "DescribeInstances");
      }
      return found;
    },
    reservedInstances: async () => {
      try {
        return model.describeReserved().map(reservedOf);
      } catch (error) {
        throw portErrorOf(error, "DescribeReservedInstances");
      }
    },
    reservedOfferings: async ({ machineType, offeringClass, payment, durationSeconds }) => {
      try {
        // The model sells standard ones alone.
        if (offeringClass !== "standard") return [];
        return model
          .describeReservedOfferings(machineType)
          .filter((offering) => offering.offeringType === payment && offering.durationSeconds === durationSeconds)
          .map((offering) => ({ offeringId: offering.id, ...pricesOf(offering) }));
      } catch (error) {
        throw portErrorOf(error, "DescribeReservedInstancesOfferings");
      }
    },
    purchaseReserved: async ({ offeringId, count, limitMicroUsd }) => {
      try {
        return model.purchaseReserved(offeringId, count, limitMicroUsd / 1e6).id;
      } catch (error) {
        throw portErrorOf(error, "PurchaseReservedInstancesOffering");
      }
    },
    terminate: async (instanceId) => {
      try {
        model.terminateInstances([instanceId]);
        return "terminating";
      } catch (error) {
        if (error instanceof Ec2Error && error.code === "InvalidInstanceID.NotFound") return "not_found";
        throw portErrorOf(error, "TerminateInstances");
      }
    },
  };
}

function reservedOf({ id, offering, instanceCount, startAt, endAt, state }: ReservedView): CloudReservedInstances {
  return {
    id,
    state,
    machineType: offering.instanceType,
    count: instanceCount,
    zone: undefined,
    platform: "Linux/UNIX",
    tenancy: "default",
    offeringClass: "standard",
    payment: offering.offeringType,
    durationSeconds: offering.durationSeconds,
    ...pricesOf(offering),
    startsAt: new Date(startAt),
    endsAt: new Date(endAt),
  };
}

function pricesOf({ fixedPrice, hourlyPrice }: ReservedOffering) {
  return { upfrontMicroUsd: Math.round(fixedPrice * 1e6), hourlyMicroUsd: Math.round(hourlyPrice * 1e6) };
}

function cloudInstanceOf({ instance, state }: InstanceView): CloudInstance {
  return {
    instanceId: instance.id,
    state,
    machineType: instance.request.instanceType,
    zone: instance.zone,
    launchedAt: new Date(instance.launchedAt),
    tags: { ...instance.tags },
    clientToken: instance.request.clientToken ?? "",
  };
}

function portErrorOf(error: unknown, action: string): unknown {
  if (error instanceof Ec2AnswerLost) return new PortError("unavailable", error.message, { cause: error });
  if (!(error instanceof Ec2Error)) return error;
  const kind = KINDS[error.code] ?? (error.httpStatus >= 500 ? "unavailable" : "invalid");
  return new PortError(kind, `${action}: ${error.code} ${error.message}`, { cause: error });
}

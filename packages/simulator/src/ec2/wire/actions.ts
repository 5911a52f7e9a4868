import { Ec2Error } from "../error.ts";
import { plainFilter } from "../filters.ts";
import type { BlockDevice, LaunchRequest } from "../instance.ts";
import type { Ec2Model, MachineType } from "../model.ts";
import { paginate } from "../paginate.ts";
import * as answers from "./answers.ts";
import { type Form, filtersOf, tagsOf } from "./form.ts";
import type { XmlValue } from "./xml.ts";

export interface ActionContext {
  readonly model: Ec2Model;
  readonly types: ReadonlyMap<string, MachineType>;
  readonly now: () => number;
}

type Action = (context: ActionContext, form: Form) => { readonly [name: string]: XmlValue };

const pageOf = (form: Form) => ({ maxResults: form.integer("MaxResults"), nextToken: form.text("NextToken") });
const dryRunHolds = (form: Form): void => {
  if (form.flag("DryRun") !== true) return;
  throw new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
};

/** Each action that the simulated EC2 answers; any other is InvalidAction. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  RunInstances: ({ model, types }, form) => {
    const views = model.runInstances(launchRequestOf(form));
    return {
      reservationId: views[0]?.instance.reservationId,
      ownerId: answers.OWNER_ID,
      groupSet: [],
      instancesSet: views.map((view) => answers.instanceItem(view, types)),
    };
  },

  TerminateInstances: ({ model }, form) => {
    dryRunHolds(form);
    return {
      instancesSet: model.terminateInstances(form.list("InstanceId")).map((change) => ({
        instanceId: change.instanceId,
        currentState: answers.stateOf(change.current),
        previousState: answers.stateOf(change.previous),
      })),
    };
  },

  DescribeInstances: ({ model, types }, form) => {
    const query = { instanceIds: form.list("InstanceId"), filters: filtersOf(form), ...pageOf(form) };
    const page = model.describeInstances(query);
    return { reservationSet: answers.reservationItems(page.items, types), nextToken: page.nextToken };
  },

  DescribeInstanceStatus: ({ model }, form) => {
    const page = model.describeInstanceStatus({
      instanceIds: form.list("InstanceId"),
      filters: filtersOf(form),
      includeAll: form.flag("IncludeAllInstances") === true,
      ...pageOf(form),
    });
    return { instanceStatusSet: page.items.map(answers.statusItem), nextToken: page.nextToken };
  },

  CreateTags: ({ model }, form) => {
    dryRunHolds(form);
    model.createTags(form.list("ResourceId"), tagsOf(form, "Tag"));
    return { return: true };
  },

  DescribeInstanceTypes: ({ model }, form) => {
    const names = form.list("InstanceType");
    const passes = plainFilter(filtersOf(form), ["instance-type", "current-generation", "bare-metal"]);
    const chosen = model
      .describeInstanceTypes(names.length > 0 ? names : undefined)
      .filter(({ name, currentGeneration, bareMetal }) =>
        passes({
          "instance-type": name,
          "current-generation": String(currentGeneration),
          "bare-metal": String(bareMetal === true),
        }),
      );
    const page = paginate(chosen, ({ name }) => name, pageOf(form), { low: 5, high: 100 });
    return { instanceTypeSet: page.items.map(answers.machineTypeItem), nextToken: page.nextToken };
  },

  DescribeInstanceTypeOfferings: ({ model }, form) => {
    const locationType = form.text("LocationType") ?? "region";
    const passes = plainFilter(filtersOf(form), ["instance-type", "location"]);
    const offerings = model.describeOfferings().map(({ instanceType, zone }) => ({
      instanceType,
      location: locationType === "region" ? model.region : zone,
    }));
    const distinct = new Map(offerings.map((offering) => [`${offering.instanceType}/${offering.location}`, offering]));
    const chosen = [...distinct.values()].filter(({ instanceType, location }) =>
      passes({ "instance-type": instanceType, location }),
    );
    const ordered = chosen.sort((a, b) => (offeringKey(a) < offeringKey(b) ? -1 : 1));
    const page = paginate(ordered, offeringKey, pageOf(form), { low: 5, high: 1000 });
    return {
      instanceTypeOfferingSet: page.items.map((offering) => ({ ...offering, locationType })),
      nextToken: page.nextToken,
    };
  },

  DescribeAvailabilityZones: ({ model }, form) =>
    model.plainCall("DescribeAvailabilityZones", () => {
      const passes = plainFilter(filtersOf(form), ["zone-name", "region-name", "state", "zone-type"]);
      const named = form.list("ZoneName");
      const unknown = named.find((name) => !model.zones.includes(name));
      if (unknown !== undefined) {
        throw new Ec2Error("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
      }
      const zones = model.zones.filter(
        (name) =>
          (named.length === 0 || named.includes(name)) &&
          passes({
            "zone-name": name,
            "region-name": model.region,
            state: "available",
            "zone-type": "availability-zone",
          }),
      );
      return {
        availabilityZoneInfo: zones.map((zoneName) => ({
          zoneName,
          zoneId: `sim-az${model.zones.indexOf(zoneName) + 1}`,
          zoneState: "available",
          regionName: model.region,
          groupName: model.region,
          networkBorderGroup: model.region,
          zoneType: "availability-zone",
          optInStatus: "opt-in-not-required",
        })),
      };
    }),

  DescribeRegions: ({ model }) =>
    model.plainCall("DescribeRegions", () => ({
      regionInfo: [
        {
          regionName: model.region,
          regionEndpoint: `ec2.${model.region}.amazonaws.com`,
          optInStatus: "opt-in-not-required",
        },
      ],
    })),

  DescribeSubnets: ({ model }, form) =>
    model.plainCall("DescribeSubnets", () => {
      const wanted = form.list("SubnetId");
      const passes = plainFilter(filtersOf(form), ["availability-zone", "subnet-id", "vpc-id"]);
      const subnets = model.subnets.filter(
        ({ id, zone }) =>
          (wanted.length === 0 || wanted.includes(id)) &&
          passes({ "availability-zone": zone, "subnet-id": id, "vpc-id": answers.VPC_ID }),
      );
      return {
        subnetSet: subnets.map(({ id, zone }) => ({
          subnetId: id,
          availabilityZone: zone,
          state: "available",
          vpcId: answers.VPC_ID,
          availableIpAddressCount: 65_000,
        })),
      };
    }),

  DescribeReservedInstancesOfferings: ({ model }, form) => {
    const duration = { low: form.integer("MinDuration"), high: form.integer("MaxDuration") };
    const offeringType = form.text("OfferingType");
    const offerings = model
      .describeReservedOfferings(form.required("InstanceType"))
      .filter((offering) => offeringType === undefined || offering.offeringType === offeringType)
      // Standard ones are all that the model sells.
      .filter(() => (form.text("OfferingClass") ?? "standard") === "standard")
      .filter(({ durationSeconds }) => durationSeconds >= (duration.low ?? 0))
      .filter(({ durationSeconds }) => durationSeconds <= (duration.high ?? Number.POSITIVE_INFINITY));
    return { reservedInstancesOfferingsSet: offerings.map(answers.reservedOfferingItem) };
  },

  PurchaseReservedInstancesOffering: ({ model }, form) => {
    dryRunHolds(form);
    const offeringId = form.required("ReservedInstancesOfferingId");
    const limit = form.text("LimitPrice.Amount");
    const count = form.integer("InstanceCount") ?? 0;
    const bought = model.purchaseReserved(offeringId, count, limit === undefined ? undefined : Number(limit));
    return { reservedInstancesId: bought.id };
  },

  DescribeReservedInstances: ({ model }, form) => {
    const ids = form.list("ReservedInstancesId");
    const chosen = model.describeReserved().filter(({ id }) => ids.length === 0 || ids.includes(id));
    return { reservedInstancesSet: chosen.map(answers.reservedItem) };
  },
};

const offeringKey = (offering: { readonly instanceType: string; readonly location: string }): string =>
  `${offering.instanceType}/${offering.location}`;

/** Parameters that the launch reads by name; every other one still counts when calls with one token are compared. */
const LAUNCH_PARAMETERS =
  /^(Action|Version|ClientToken|DryRun|ImageId|InstanceType|MinCount|MaxCount|UserData|SubnetId|KeyName|Placement\.AvailabilityZone|IamInstanceProfile\.(Arn|Name)|(SecurityGroupId|BlockDeviceMapping)\.\d+.*|MetadataOptions\..*)$/;

function launchRequestOf(form: Form): LaunchRequest {
  const tagPrefix = form
    .prefixes("TagSpecification")
    .find((prefix) => form.text(`${prefix}ResourceType`) === "instance");
  const other = Object.entries(form.all).filter(([name]) => !LAUNCH_PARAMETERS.test(name));
  return {
    imageId: form.required("ImageId"),
    instanceType: form.text("InstanceType") ?? "m1.small",
    minCount: form.integer("MinCount") ?? 0,
    maxCount: form.integer("MaxCount") ?? 0,
    clientToken: form.text("ClientToken"),
    userData: form.text("UserData"),
    zone: form.text("Placement.AvailabilityZone"),
    subnetId: form.text("SubnetId") ?? form.text("NetworkInterface.1.SubnetId"),
    tags: tagPrefix === undefined ? {} : tagsOf(form, `${tagPrefix}Tag`),
    blockDevices: form.prefixes("BlockDeviceMapping").map((prefix) => blockDeviceOf(form, prefix)),
    metadataOptions: {
      httpTokens: form.text("MetadataOptions.HttpTokens"),
      httpEndpoint: form.text("MetadataOptions.HttpEndpoint"),
      httpPutResponseHopLimit: form.integer("MetadataOptions.HttpPutResponseHopLimit"),
      instanceMetadataTags: form.text("MetadataOptions.InstanceMetadataTags"),
    },
    securityGroupIds: form.list("SecurityGroupId"),
    iamInstanceProfile: form.text("IamInstanceProfile.Arn") ?? form.text("IamInstanceProfile.Name"),
    keyName: form.text("KeyName"),
    dryRun: form.flag("DryRun"),
    otherParameters: Object.fromEntries(other),
  };
}

function blockDeviceOf(form: Form, prefix: string): BlockDevice {
  return {
    deviceName: form.required(`${prefix}DeviceName`),
    volumeSizeGib: form.integer(`${prefix}Ebs.VolumeSize`),
    volumeType: form.text(`${prefix}Ebs.VolumeType`),
    iops: form.integer(`${prefix}Ebs.Iops`),
    throughputMibps: form.integer(`${prefix}Ebs.Throughput`),
    encrypted: form.flag(`${prefix}Ebs.Encrypted`),
    deleteOnTermination: form.flag(`${prefix}Ebs.DeleteOnTermination`),
  };
}

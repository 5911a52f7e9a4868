import { type Ec2InstanceState, STATE_CODES } from "../instance.ts";
import type { InstanceView, MachineType } from "../model.ts";
import type { ReservedOffering, ReservedView } from "../reserved.ts";
import type { XmlValue } from "./xml.ts";

/** Every answer names this account: plainly not a real one. */
export const OWNER_ID = "000000000000";
export const VPC_ID = "vpc-00000000000000000";

export const tagSet = (tags: Readonly<Record<string, string>>): XmlValue =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

export const stateOf = (state: Ec2InstanceState): XmlValue => ({ code: STATE_CODES[state], name: state });

export function instanceItem({ instance, state }: InstanceView, types: ReadonlyMap<string, MachineType>): XmlValue {
  const { request } = instance;
  const gone = state === "terminated";
  return {
    instanceId: instance.id,
    imageId: request.imageId,
    instanceState: stateOf(state),
    privateDnsName: gone ? "" : `ip-${instance.privateIp.replaceAll(".", "-")}.ec2.internal`,
    dnsName: "",
    reason: "",
    keyName: request.keyName,
    amiLaunchIndex: 0,
    instanceType: request.instanceType,
    launchTime: new Date(instance.launchedAt),
    placement: { availabilityZone: instance.zone, groupName: "", tenancy: "default" },
    monitoring: { state: "disabled" },
    // A terminated machine has lost its interface.
    subnetId: gone ? undefined : instance.subnetId,
    vpcId: gone ? undefined : VPC_ID,
    privateIpAddress: gone ? undefined : instance.privateIp,
    stateReason: gone || state === "shutting-down" ? (instance.stateReason ?? undefined) : undefined,
    architecture: types.get(request.instanceType)?.arch,
    rootDeviceType: "ebs",
    rootDeviceName: "/dev/xvda",
    blockDeviceMapping: gone
      ? []
      : request.blockDevices.map((device, index) => ({
          deviceName: device.deviceName,
          ebs: {
            volumeId: `vol-${instance.id.slice(2, 15)}${index.toString(16).padStart(4, "0")}`,
            status: "attached",
            attachTime: new Date(instance.launchedAt),
            deleteOnTermination: device.deleteOnTermination ?? true,
          },
        })),
    virtualizationType: "hvm",
    clientToken: request.clientToken ?? "",
    tagSet: tagSet(instance.tags),
    hypervisor: types.get(request.instanceType)?.hypervisor === "xen" ? "xen" : "nitro",
    groupSet: request.securityGroupIds.map((groupId) => ({ groupId, groupName: groupId })),
    iamInstanceProfile:
      request.iamInstanceProfile === undefined ? undefined : { arn: request.iamInstanceProfile, id: "AIPASIMULATED" },
    metadataOptions: {
      state: "applied",
      httpTokens: request.metadataOptions?.httpTokens ?? "optional",
      httpPutResponseHopLimit: request.metadataOptions?.httpPutResponseHopLimit ?? 1,
      httpEndpoint: request.metadataOptions?.httpEndpoint ?? "enabled",
      instanceMetadataTags: request.metadataOptions?.instanceMetadataTags ?? "disabled",
    },
  };
}

/** One reservation for each launch, as DescribeInstances groups them. */
export function reservationItems(views: readonly InstanceView[], types: ReadonlyMap<string, MachineType>): XmlValue {
  const groups = new Map<string, InstanceView[]>();
  for (const view of views) {
    const group = groups.get(view.instance.reservationId);
    if (group === undefined) groups.set(view.instance.reservationId, [view]);
    else group.push(view);
  }
  return [...groups].map(([reservationId, members]) => ({
    reservationId,
    ownerId: OWNER_ID,
    groupSet: [],
    instancesSet: members.map((view) => instanceItem(view, types)),
  }));
}

export function statusItem({ instance, state }: InstanceView): XmlValue {
  const status = state === "running" ? "ok" : state === "pending" ? "initializing" : "not-applicable";
  return {
    instanceId: instance.id,
    availabilityZone: instance.zone,
    instanceState: stateOf(state),
    systemStatus: { status, details: [{ name: "reachability", status: status === "ok" ? "passed" : status }] },
    instanceStatus: { status, details: [{ name: "reachability", status: status === "ok" ? "passed" : status }] },
  };
}

export function machineTypeItem(type: MachineType): XmlValue {
  return {
    instanceType: type.name,
    currentGeneration: type.currentGeneration,
    freeTierEligible: false,
    supportedUsageClasses: ["on-demand", "spot"],
    supportedRootDeviceTypes: ["ebs"],
    supportedVirtualizationTypes: ["hvm"],
    bareMetal: type.bareMetal === true,
    hypervisor: type.hypervisor === "none" ? undefined : type.hypervisor,
    processorInfo: { supportedArchitectures: [type.arch], manufacturer: type.manufacturer },
    vCpuInfo: { defaultVCpus: type.vcpu },
    memoryInfo: { sizeInMiB: type.memoryMiB },
    instanceStorageSupported: type.localStorage !== null,
    instanceStorageInfo: type.localStorage === null ? undefined : { totalSizeInGB: type.localStorage.totalGB },
    ebsInfo: {
      ebsOptimizedSupport: type.ebsMbps === null ? "unsupported" : "default",
      encryptionSupport: "supported",
      ebsOptimizedInfo:
        type.ebsMbps === null
          ? undefined
          : { baselineBandwidthInMbps: type.ebsMbps[0], maximumBandwidthInMbps: type.ebsMbps[1] },
      nvmeSupport: type.hypervisor === "xen" ? "unsupported" : "required",
      maximumEbsAttachments: type.ebsVolumeLimit,
      attachmentLimitType: type.ebsVolumeLimitType,
    },
    networkInfo: {
      networkPerformance: type.network,
      maximumNetworkInterfaces: type.maxEnis,
      maximumNetworkCards: 1,
      ipv4AddressesPerInterface: type.ipv4PerEni,
    },
    burstablePerformanceSupported: /^t\d/.test(type.name),
  };
}

const reservedTerms = (offering: ReservedOffering) => ({
  instanceType: offering.instanceType,
  duration: offering.durationSeconds,
  fixedPrice: offering.fixedPrice,
  usagePrice: 0,
  productDescription: "Linux/UNIX",
  instanceTenancy: "default",
  currencyCode: "USD",
  offeringType: offering.offeringType,
  offeringClass: "standard",
  scope: "Region",
  recurringCharges: [{ frequency: "Hourly", amount: offering.hourlyPrice }],
});

export function reservedOfferingItem(offering: ReservedOffering): XmlValue {
  return { reservedInstancesOfferingId: offering.id, ...reservedTerms(offering), marketplace: false };
}

export function reservedItem(reserved: ReservedView): XmlValue {
  return {
    reservedInstancesId: reserved.id,
    ...reservedTerms(reserved.offering),
    instanceCount: reserved.instanceCount,
    start: new Date(reserved.startAt),
    end: new Date(reserved.endAt),
    state: reserved.state,
  };
}

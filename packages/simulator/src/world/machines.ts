import type { Ec2Instance } from "../ec2/instance.ts";
import type { Ec2Model } from "../ec2/model.ts";
import { type NodeResources, nodeResources } from "./allocatable.ts";
import { type JoinDocument, joinDocumentOf } from "./join-document.ts";

/** A machine whose operating system has started, as whoever joins it to a cluster needs to know it. */
export interface BootedMachine {
  readonly instanceId: string;
  readonly machineType: string;
  readonly zone: string;
  readonly privateIp: string;
  /** `aws:///ZONE/INSTANCE_ID`, as the Node carries it. */
  readonly providerId: string;
  /** What it was told at launch; undefined when that cannot be read: then it never joins. */
  readonly join: JoinDocument | undefined;
  /** What its kubelet will report; undefined without a join document. */
  readonly resources: NodeResources | undefined;
}

/** Who makes nodes out of booted machines. `left` is called once the machine's processes must be gone. */
export interface NodeJoiner {
  booted(machine: BootedMachine): void;
  left(machine: BootedMachine): void;
}

export function bootedMachineOf(ec2: Ec2Model, instance: Ec2Instance): BootedMachine {
  const { request } = instance;
  const join = joinDocumentOf(Buffer.from(request.userData ?? "", "base64").toString("utf8"));
  const sold = ec2.machineTypes().find(({ name }) => name === request.instanceType);
  const type = sold && { ...sold, memoryMiB: sold.memoryMiB - ec2.missingMemoryMib(sold.name) };
  return {
    instanceId: instance.id,
    machineType: request.instanceType,
    zone: instance.zone,
    privateIp: instance.privateIp,
    providerId: `aws:///${instance.zone}/${instance.id}`,
    join,
    resources: join === undefined || type === undefined ? undefined : nodeResources(type, join.maxPods),
  };
}

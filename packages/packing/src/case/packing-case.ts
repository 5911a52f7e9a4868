/**
 * Anyone's own case: machine types that could be bought and instances that must run somewhere.
 *
 * cpu in millicores, memory in MiB, volumes in EBS attachments, prices in micro-dollars an hour: safe integers all. What a
 * type has is allocatable: after the kubelet's reservations, the hypervisor and the node's daemons.
 */
export interface PackingCase {
  readonly types: readonly CaseType[];
  readonly instances: readonly CaseInstance[];
}

export interface CaseType {
  readonly name: string;
  readonly priceMicroUsdPerHour: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** Most instances on one node. */
  readonly instances: number;
  readonly zones: readonly string[];
}

export interface CaseInstance {
  readonly name: string;
  /** No node takes two instances of a cluster; undefined: it conflicts with none. */
  readonly cluster: string | undefined;
  readonly tenant: string | undefined;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly volumes: number;
  /** One: pinned there. Several: the packer chooses. */
  readonly zones: readonly string[];
}

/** A machine to run, and what runs on it. A plan is a list of them; plan.json holds it. */
export interface PlanNode {
  readonly type: string;
  readonly zone: string;
  readonly priceMicroUsdPerHour: number;
  /** By name. */
  readonly instances: readonly string[];
}

/** What a fleet must keep beside capacity. */
export interface PackingPolicy {
  /** No node holds more of a tenant than this share of the tenant's instances, in percent; one is always allowed. */
  readonly tenantSharePercent: number;
}

export const STANDARD_POLICY: PackingPolicy = { tenantSharePercent: 2 };

/** How many instances of a tenant with so many in all may share a node. */
export function tenantLimit(instancesOfTenant: number, policy: PackingPolicy): number {
  return Math.max(1, Math.floor((instancesOfTenant * policy.tenantSharePercent) / 100));
}

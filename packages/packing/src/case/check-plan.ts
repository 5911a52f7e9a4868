import {
  type CaseInstance,
  type CaseType,
  type PackingCase,
  type PackingPolicy,
  type PlanNode,
  tenantLimit,
} from "./packing-case.ts";

export type PlanRule =
  | "unknown_instance"
  | "missing_instance"
  | "repeated_instance"
  | "unknown_type"
  | "zone_not_sold"
  | "price"
  | "capacity"
  | "instances_cap"
  | "zone"
  | "conflict"
  | "tenant_share"
  | "skew";

export interface PlanViolation {
  readonly rule: PlanRule;
  /** "node 3 (m7i.large in us-east-1a)", by its place in the plan from 0; or an instance or a cluster by name. */
  readonly where: string;
  readonly detail: string;
}

/**
 * Lists every rule that a plan of a whole fleet breaks. Separate from the packer on purpose, slow and obvious: it knows the
 * case and the plan's own words, and looks at each rule for itself. An empty list is the leave to show or execute a plan.
 *
 * - Every instance of the case is on one node, once; nothing else is on any.
 * - A node's type is one of the case, sold in the node's zone, at the type's price. A node may be empty.
 * - What a node's instances want together is within its type: CPU, memory, volumes, and their number.
 * - An instance is in one of its zones; no two instances of a cluster share a node.
 * - No node holds more of a tenant than its share allows.
 * - Skew: count a cluster's instances by zone. An instance that may choose stands in no zone that has two or more instances
 *   above another one of its choice. It may choose among those of its zones where a type that holds it is sold. Such a
 *   plan always exists: a move from a zone to one with two fewer lowers the sum of the squares of the counts.
 *
 * An instance that is listed again weighs on each node where it is, and counts for its zone where it is first.
 */
export function checkPlan(problem: PackingCase, plan: readonly PlanNode[], policy: PackingPolicy): PlanViolation[] {
  const nodes = plan.map((node, index): Node => {
    const type = problem.types.find((one) => one.name === node.type);
    return { node, type, where: `node ${index} (${node.type} in ${node.zone})` };
  });
  const byName = new Map(problem.instances.map((instance) => [instance.name, instance]));
  return [
    ...namesOf(problem, plan, byName),
    ...nodes.flatMap((node) => offerOf(node)),
    ...nodes.flatMap((node) => loadOf(node, byName)),
    ...nodes.flatMap((node) => conflictsOf(node, byName)),
    ...tenantShares(problem, nodes, byName, policy),
    ...zonesOf(problem, plan, byName),
  ];
}

interface Node {
  readonly node: PlanNode;
  readonly type: CaseType | undefined;
  readonly where: string;
}

type ByName = ReadonlyMap<string, CaseInstance>;

function namesOf({ instances }: PackingCase, plan: readonly PlanNode[], byName: ByName): PlanViolation[] {
  const violations: PlanViolation[] = [];
  const times = new Map<string, number>();
  for (const name of plan.flatMap((node) => node.instances)) times.set(name, (times.get(name) ?? 0) + 1);
  for (const [name, count] of times) {
    if (!byName.has(name)) violations.push({ rule: "unknown_instance", where: name, detail: "the case has none such" });
    else if (count > 1) violations.push({ rule: "repeated_instance", where: name, detail: `listed ${count} times` });
  }
  for (const { name } of instances) {
    if (!times.has(name)) violations.push({ rule: "missing_instance", where: name, detail: "on no node" });
  }
  return violations;
}

function offerOf({ node, type, where }: Node): PlanViolation[] {
  if (type === undefined) return [{ rule: "unknown_type", where, detail: "the case has none such" }];
  const violations: PlanViolation[] = [];
  if (!type.zones.includes(node.zone)) {
    violations.push({ rule: "zone_not_sold", where, detail: `sold in ${type.zones.join(", ")}` });
  }
  if (node.priceMicroUsdPerHour !== type.priceMicroUsdPerHour) {
    const detail = `${node.priceMicroUsdPerHour} instead of ${type.priceMicroUsdPerHour}`;
    violations.push({ rule: "price", where, detail });
  }
  return violations;
}

function loadOf({ node, type, where }: Node, byName: ByName): PlanViolation[] {
  if (type === undefined) return [];
  const violations: PlanViolation[] = [];
  for (const dimension of ["cpuMilli", "memoryMib", "volumes"] as const) {
    let load = 0;
    for (const name of node.instances) load += byName.get(name)?.[dimension] ?? 0;
    if (load > type[dimension]) {
      violations.push({ rule: "capacity", where, detail: `${dimension}: ${load} of ${type[dimension]}` });
    }
  }
  if (node.instances.length > type.instances) {
    violations.push({ rule: "instances_cap", where, detail: `${node.instances.length} of ${type.instances}` });
  }
  return violations;
}

function conflictsOf({ node, where }: Node, byName: ByName): PlanViolation[] {
  const violations: PlanViolation[] = [];
  const here = new Map<string, string>();
  for (const name of new Set(node.instances)) {
    const cluster = byName.get(name)?.cluster;
    if (cluster === undefined) continue;
    const other = here.get(cluster);
    if (other !== undefined) violations.push({ rule: "conflict", where, detail: `${other} and ${name} of ${cluster}` });
    here.set(cluster, name);
  }
  return violations;
}

function tenantShares(
  { instances }: PackingCase,
  nodes: readonly Node[],
  byName: ByName,
  policy: PackingPolicy,
): PlanViolation[] {
  const ofTenant = new Map<string, number>();
  for (const { tenant } of instances) {
    if (tenant !== undefined) ofTenant.set(tenant, (ofTenant.get(tenant) ?? 0) + 1);
  }
  const violations: PlanViolation[] = [];
  for (const { node, where } of nodes) {
    const here = new Map<string, number>();
    for (const name of node.instances) {
      const tenant = byName.get(name)?.tenant;
      if (tenant !== undefined) here.set(tenant, (here.get(tenant) ?? 0) + 1);
    }
    for (const [tenant, count] of here) {
      const all = ofTenant.get(tenant) ?? 0;
      const most = tenantLimit(all, policy);
      if (count > most) {
        violations.push({ rule: "tenant_share", where, detail: `${count} of ${tenant}'s ${all}, at most ${most}` });
      }
    }
  }
  return violations;
}

function zonesOf(problem: PackingCase, plan: readonly PlanNode[], byName: ByName): PlanViolation[] {
  const violations: PlanViolation[] = [];
  const zoneOf = new Map<string, string>();
  for (const node of plan) {
    for (const name of node.instances) {
      if (!byName.has(name)) continue;
      if (!zoneOf.has(name)) zoneOf.set(name, node.zone);
      const allowed = byName.get(name)?.zones ?? [];
      if (!allowed.includes(node.zone)) {
        violations.push({ rule: "zone", where: name, detail: `in ${node.zone} instead of ${allowed.join(", ")}` });
      }
    }
  }
  return [...violations, ...skewsOf(problem, zoneOf)];
}

function skewsOf({ types, instances }: PackingCase, zoneOf: ReadonlyMap<string, string>): PlanViolation[] {
  const counts = new Map<string, number>();
  const key = (cluster: string, zone: string) => JSON.stringify([cluster, zone]);
  const count = (cluster: string, zone: string) => counts.get(key(cluster, zone)) ?? 0;
  for (const { name, cluster } of instances) {
    const zone = zoneOf.get(name);
    if (cluster !== undefined && zone !== undefined) counts.set(key(cluster, zone), count(cluster, zone) + 1);
  }
  const violations: PlanViolation[] = [];
  for (const instance of instances) {
    const { name, cluster, zones } = instance;
    const zone = zoneOf.get(name);
    if (cluster === undefined || zone === undefined || zones.length === 1) continue;
    const here = count(cluster, zone);
    const emptiest = choices(types, instance).toSorted((a, b) => count(cluster, a) - count(cluster, b))[0];
    if (emptiest !== undefined && here - count(cluster, emptiest) > 1) {
      const detail = `${here} of ${cluster} in ${zone}, ${count(cluster, emptiest)} in ${emptiest}`;
      violations.push({ rule: "skew", where: name, detail });
    }
  }
  return violations;
}

/** The zones of an instance in which it could run at all. */
function choices(types: readonly CaseType[], { zones, cpuMilli, memoryMib, volumes }: CaseInstance): readonly string[] {
  return zones.filter((zone) =>
    types.some(
      (type) =>
        type.zones.includes(zone) &&
        type.cpuMilli >= cpuMilli &&
        type.memoryMib >= memoryMib &&
        type.volumes >= volumes &&
        type.instances >= 1,
    ),
  );
}

import type { FleetPolicy, Headroom, InstanceRequest, LaunchOption, NodeState, PlacementPlan } from "./types.ts";

export interface Violation {
  readonly rule:
    | "capacity"
    | "zone"
    | "conflict"
    | "closed"
    | "duplicate"
    | "unknown_target"
    | "pool_full"
    | "launch_closed"
    | "option_closed"
    | "spend_cap"
    | "tenant_share"
    | "headroom";
  readonly node: string;
  readonly detail: string;
}

/**
 * Lists every rule that a plan breaks. Separate from the packer on purpose, slow and obvious: it builds the state that
 * the plan would lead to from the plan's own words and looks at each node. An empty list is the leave to execute.
 *
 * A conflict counts when an instance of the plan is part of it, and so does a tenant's share: what stands wrong already is
 * no reason to stop the rest.
 */
export function checkPlacement(
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  plan: PlacementPlan,
  policy: FleetPolicy = {},
): Violation[] {
  const violations: Violation[] = [];
  const byInstance = new Map(requests.map((request) => [request.instanceId, request]));
  const state = new Map<string, NodeAfter>();
  for (const node of nodes) {
    state.set(node.name, {
      poolId: node.poolId,
      zone: node.zone,
      closed: node.closed !== undefined,
      keepsRoom: node.closed === undefined && node.markedForDrain !== true,
      allocatable: node.allocatable,
      instances: [...node.instances],
    });
  }
  plan.machines.forEach((machine, index) => {
    state.set(`new machine ${index}`, {
      poolId: machine.poolId,
      zone: machine.zone,
      closed: false,
      keepsRoom: true,
      allocatable: machine.allocatable,
      instances: [],
    });
  });

  const seen = new Set<string>();
  const changed = new Set<string>();
  for (const assignment of plan.assignments) {
    if (assignment.outcome === "refused") continue;
    const name = assignment.outcome === "placed" ? assignment.node : `new machine ${assignment.machine}`;
    const request = byInstance.get(assignment.instanceId);
    const target = state.get(name);
    if (request === undefined || target === undefined) {
      violations.push({ rule: "unknown_target", node: name, detail: assignment.instanceId });
      continue;
    }
    if (seen.has(request.instanceId)) violations.push({ rule: "duplicate", node: name, detail: request.instanceId });
    seen.add(request.instanceId);
    if (assignment.outcome === "new_machine" && request.launchClosed !== undefined) {
      violations.push({ rule: "launch_closed", node: name, detail: `${request.instanceId}: ${request.launchClosed}` });
    }
    if (target.closed) violations.push({ rule: "closed", node: name, detail: request.instanceId });
    if (target.zone !== request.zone) {
      violations.push({
        rule: "zone",
        node: name,
        detail: `${request.instanceId} wants ${request.zone}, the node is in ${target.zone}`,
      });
    }
    target.instances.push(request);
    changed.add(name);
  }

  for (const name of changed) {
    const target = state.get(name);
    if (target === undefined) continue;
    const sum = (value: (instance: InstanceRequest) => number) =>
      target.instances.reduce((total, one) => total + value(one), 0);
    const over = (dimension: string, used: number, room: number) => {
      if (used > room) violations.push({ rule: "capacity", node: name, detail: `${dimension}: ${used} of ${room}` });
    };
    over(
      "cpu",
      sum((one) => one.cpuMilli),
      target.allocatable.cpuMilli,
    );
    over(
      "memory",
      sum((one) => one.memoryMib),
      target.allocatable.memoryMib,
    );
    over(
      "volumes",
      sum((one) => one.volumes),
      target.allocatable.volumes,
    );
    over("pods", target.instances.length, target.allocatable.pods);
    for (const role of ["holdsData", "masterEligible"] as const) {
      for (const one of target.instances) {
        if (!one[role] || !seen.has(one.instanceId)) continue;
        if (target.instances.some((other) => other !== one && other[role] && other.clusterId === one.clusterId))
          violations.push({ rule: "conflict", node: name, detail: `${one.clusterId}: two with ${role}` });
      }
    }
  }

  const shareOf = (poolId: string) => policy.pools?.find((one) => one.poolId === poolId)?.tenantSharePercent ?? 100;
  const everyone = [...nodes.flatMap((node) => node.instances), ...requests];
  for (const name of changed) {
    const target = state.get(name);
    if (target === undefined || shareOf(target.poolId) >= 100) continue;
    for (const tenant of new Set(target.instances.map((one) => one.organizationId))) {
      const here = target.instances.filter((one) => one.organizationId === tenant);
      if (!here.some((one) => seen.has(one.instanceId))) continue;
      const inAll = everyone.filter((one) => one.organizationId === tenant).length;
      const limit = Math.max(1, Math.floor((inAll * shareOf(target.poolId)) / 100));
      if (here.length > limit) {
        violations.push({ rule: "tenant_share", node: name, detail: `${tenant}: ${here.length} of ${limit}` });
      }
    }
  }

  for (const { poolId, headroom } of policy.pools ?? []) {
    if (headroom === undefined) continue;
    for (const zone of new Set([...state.values()].map((node) => node.zone))) {
      const before = nodes.filter((node) => node.closed === undefined && node.markedForDrain !== true);
      const kept = phantomsIn(before, poolId, zone, headroom);
      const after = [...state.values()].filter((node) => node.keepsRoom);
      const left = phantomsIn(after, poolId, zone, headroom);
      if (left < Math.min(kept, headroom.instances)) {
        violations.push({ rule: "headroom", node: `${poolId} in ${zone}`, detail: `${left} of ${headroom.instances}` });
      }
    }
  }

  plan.machines.forEach((machine, index) => {
    for (const { machineType, zone, poolId } of [machine, ...machine.alternatives]) {
      const option = options.find(
        (one) => one.machineType === machineType && one.zone === zone && one.poolId === poolId,
      );
      if (option === undefined || option.closed !== undefined) {
        const detail = `${machineType} in ${zone}: ${option?.closed ?? "unknown"}`;
        violations.push({ rule: "option_closed", node: `new machine ${index}`, detail });
      }
    }
  });

  for (const poolId of new Set(plan.machines.map((machine) => machine.poolId))) {
    const planned = plan.machines.filter((machine) => machine.poolId === poolId);
    const ofPool = options.filter((option) => option.poolId === poolId);
    const room = ofPool[0]?.poolRoom ?? 0;
    if (planned.length > room) {
      violations.push({ rule: "pool_full", node: poolId, detail: `${planned.length} machines of ${room}` });
    }
    // What they may come to cost: each may have to fall back on its dearest alternative.
    const dearest = planned.map(({ priceMicroUsdPerHour, alternatives }) =>
      Math.max(priceMicroUsdPerHour, ...alternatives.map((one) => one.priceMicroUsdPerHour)),
    );
    const spend = dearest.reduce((total, price) => total + price, 0);
    const spendRoom = ofPool[0]?.poolSpendRoomMicroUsdPerHour ?? Number.POSITIVE_INFINITY;
    if (spend > spendRoom) violations.push({ rule: "spend_cap", node: poolId, detail: `${spend} of ${spendRoom}` });
  }
  return violations;
}

interface NodeAfter {
  readonly poolId: string;
  readonly zone: string;
  readonly closed: boolean;
  /** Its room counts as headroom. */
  readonly keepsRoom: boolean;
  readonly allocatable: NodeState["allocatable"];
  readonly instances: InstanceRequest[];
}

/** How many phantoms of this shape the pool's nodes in the zone could still take: added one by one while they fit. */
function phantomsIn(
  nodes: readonly {
    readonly poolId: string;
    readonly zone: string;
    readonly allocatable: NodeState["allocatable"];
    readonly instances: readonly InstanceRequest[];
  }[],
  poolId: string,
  zone: string,
  shape: Headroom,
): number {
  let phantoms = 0;
  for (const { allocatable, instances } of nodes.filter((node) => node.poolId === poolId && node.zone === zone)) {
    const used = (value: (one: InstanceRequest) => number) => instances.reduce((total, one) => total + value(one), 0);
    const cpu = used((one) => one.cpuMilli);
    const memory = used((one) => one.memoryMib);
    const volumes = used((one) => one.volumes);
    for (
      let more = 1;
      instances.length + more <= allocatable.pods &&
      cpu + more * shape.cpuMilli <= allocatable.cpuMilli &&
      memory + more * shape.memoryMib <= allocatable.memoryMib &&
      volumes + more * shape.volumes <= allocatable.volumes;
      more++
    ) {
      phantoms += 1;
    }
  }
  return phantoms;
}

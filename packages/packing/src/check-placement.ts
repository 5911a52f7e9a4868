import type { InstanceRequest, LaunchOption, NodeState, PlacementPlan } from "./types.ts";

export interface Violation {
  readonly rule:
    | "capacity"
    | "zone"
    | "conflict"
    | "closed"
    | "duplicate"
    | "unknown_target"
    | "pool_full"
    | "launch_closed";
  readonly node: string;
  readonly detail: string;
}

/**
 * Lists every rule that a plan breaks. Separate from the packer on purpose, slow and obvious: it builds the state that
 * the plan would lead to from the plan's own words and looks at each node. An empty list is the leave to execute.
 *
 * A conflict counts when an instance of the plan is part of it: what stands wrong already is no reason to stop the rest.
 */
export function checkPlacement(
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  plan: PlacementPlan,
): Violation[] {
  const violations: Violation[] = [];
  const byInstance = new Map(requests.map((request) => [request.instanceId, request]));
  const state = new Map<
    string,
    { zone: string; closed: boolean; allocatable: NodeState["allocatable"]; instances: InstanceRequest[] }
  >();
  for (const node of nodes) {
    state.set(node.name, {
      zone: node.zone,
      closed: node.closed !== undefined,
      allocatable: node.allocatable,
      instances: [...node.instances],
    });
  }
  plan.machines.forEach((machine, index) => {
    state.set(`new machine ${index}`, {
      zone: machine.zone,
      closed: false,
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

  for (const poolId of new Set(plan.machines.map((machine) => machine.poolId))) {
    const planned = plan.machines.filter((machine) => machine.poolId === poolId).length;
    const room = options.find((option) => option.poolId === poolId)?.poolRoom ?? 0;
    if (planned > room) violations.push({ rule: "pool_full", node: poolId, detail: `${planned} machines of ${room}` });
  }
  return violations;
}

import { openFleet } from "./fleet/fleet.ts";
import type { FleetPolicy, InstanceRequest, LaunchOption, NodeState, PlacementPlan } from "./types.ts";

/**
 * Places instances on nodes, and plans machines for what fits nowhere: a fleet that is opened for one placement.
 *
 * Same input, same output. Nothing is overcommitted; check-placement proves it before execution.
 */
export function placeInstances(
  requests: readonly InstanceRequest[],
  nodes: readonly NodeState[],
  options: readonly LaunchOption[],
  policy?: FleetPolicy,
): PlacementPlan {
  return openFleet(nodes, options, policy, requests).place(requests);
}

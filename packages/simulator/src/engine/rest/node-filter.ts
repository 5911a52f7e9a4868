import { matchesWildcard } from "../allocation/deciders.ts";
import { type ClusterState, memberProcesses, type NodeProcess } from "../model/state.ts";
import type { RestContext } from "./http.ts";

/**
 * The members that a node expression means: ids, names, addresses, patterns, `_all`, `_local`, `_master`, and
 * `role:true|false`. What matches nothing gives nothing and is no error: `GET _nodes/shutdown` is therefore a 200 without
 * nodes where the shutdown API is missing.
 */
export function filterNodes(context: RestContext, expression: string | undefined): readonly NodeProcess[] {
  const { world, cluster, node } = context;
  // A process without a cluster knows itself alone.
  if (cluster === undefined) return [node];
  const members = memberProcesses(world, cluster);
  if (expression === undefined || expression === "_all") return members;
  const parts = expression.split(",");
  return members.filter((member) => parts.some((part) => fits(cluster, node, member, part.trim())));
}

function fits(cluster: ClusterState, local: NodeProcess, member: NodeProcess, part: string): boolean {
  if (part === "_local") return member === local;
  if (part === "_master" || part === "_cluster_manager") return member.volume.nodeId === cluster.masterNodeId;
  const role = /^(\w+):(true|false)$/.exec(part);
  if (role !== null) {
    const held = role[1] === "data" ? member.config.holdsData : member.config.roles.includes(role[1] ?? "");
    return held === (role[2] === "true");
  }
  return [member.volume.nodeId, member.config.nodeName, member.pod.podIp].some((value) => matchesWildcard(value, part));
}

import { durationMs } from "../allocation/cluster-settings.ts";
import { type ClusterState, memberProcesses } from "../model/state.ts";
import { flag, illegalArgument, type Outcome, type RestContext, RestError } from "./http.ts";
import type { Route } from "./router.ts";

const PATH = "/_cluster/voting_config_exclusions";
const MOST_EXCLUSIONS = 10;

export const VOTING_ROUTES: readonly Route[] = [
  {
    methods: ["POST"],
    path: PATH,
    action: "cluster:admin/voting_config/add_exclusions",
    master: "write",
    parameters: ["node_names", "node_ids", "timeout", "master_timeout"],
    handle: addExclusions,
  },
  {
    methods: ["DELETE"],
    path: PATH,
    action: "cluster:admin/voting_config/clear_exclusions",
    master: "write",
    parameters: ["wait_for_removal", "master_timeout"],
    handle: clearExclusions,
  },
];

const EMPTY = { status: 200, body: "" };

/**
 * Takes nodes out of the voting configuration; answers 200 with an empty body once that is committed.
 *
 * A name that no node has is accepted all the same and waits as `_absent_` (seen on 8.19.21).
 */
function addExclusions(context: RestContext): Outcome {
  const { cluster, query } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const names = listOf(query.node_names);
  const ids = listOf(query.node_ids);
  if (names.length > 0 === ids.length > 0) {
    throw illegalArgument("You must set [node_names] or [node_ids] but not both");
  }
  const wanted = [...names.map((name) => byName(context, cluster, name)), ...ids.map((id) => byId(cluster, id))];
  const fresh = wanted.filter(
    ({ nodeId, nodeName }) =>
      !cluster.exclusions.some((known) => known.nodeId === nodeId && known.nodeName === nodeName),
  );
  if (cluster.exclusions.length + fresh.length > MOST_EXCLUSIONS) {
    throw illegalArgument(
      `add voting config exclusions request for [${query.node_names ?? query.node_ids}] would add [${fresh.length}] exclusions to the existing [${cluster.exclusions.length}] which would exceed the maximum of [${MOST_EXCLUSIONS}] set by [cluster.max_voting_config_exclusions]`,
    );
  }
  cluster.exclusions.push(...fresh);
  cluster.version++;
  context.changed(cluster);
  const committed = () => wanted.every(({ nodeId }) => !cluster.voting.includes(nodeId));
  return waitFor(query, committed, "timed out waiting for voting config exclusions to take effect");
}

/**
 * Forgets all exclusions. Waits for the excluded nodes to leave first unless told not to, and while one of them lives that
 * wait ends in a 500 and clears nothing (seen on 8.19.21).
 */
function clearExclusions(context: RestContext): Outcome {
  const { world, cluster, query } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const clear = () => {
    cluster.exclusions = [];
    cluster.version++;
    context.changed(cluster);
  };
  const gone = () => {
    const live = new Set(memberProcesses(world, cluster).map((node) => node.volume.nodeId));
    return cluster.exclusions.every(({ nodeId }) => !live.has(nodeId));
  };
  if (!flag(query, "wait_for_removal", true)) {
    clear();
    return EMPTY;
  }
  const clearedWhenGone = () => {
    if (!gone()) return false;
    clear();
    return true;
  };
  return waitFor(
    query,
    clearedWhenGone,
    "timed out waiting for removal of nodes; if nodes should not be removed, set ?wait_for_removal=false",
  );
}

function waitFor(query: Readonly<Record<string, string>>, holds: () => boolean, late: string): Outcome {
  if (holds()) return EMPTY;
  return {
    timeoutMs: durationMs(query.timeout ?? query.master_timeout) ?? 30_000,
    ready: () => (holds() ? EMPTY : undefined),
    expired: () => {
      throw new RestError(500, "timeout_exception", late);
    },
  };
}

function byName({ world }: RestContext, cluster: ClusterState, nodeName: string) {
  const node = memberProcesses(world, cluster).find(
    ({ config }) => config.nodeName === nodeName && config.masterEligible,
  );
  return { nodeId: node?.volume.nodeId ?? "_absent_", nodeName };
}

function byId(cluster: ClusterState, nodeId: string) {
  return {
    nodeId,
    nodeName: cluster.members[nodeId] === undefined ? "_absent_" : (cluster.knownNodes[nodeId]?.name ?? "_absent_"),
  };
}

const listOf = (text: string | undefined): readonly string[] => (text ?? "").split(",").filter((part) => part !== "");

import { isActive } from "../allocation/copies.ts";
import { canRemain, type Question, refusalsOf } from "../allocation/deciders.ts";
import {
  type ClusterState,
  type IndexMetadata,
  memberProcess,
  memberProcesses,
  type ShardGroup,
  type ShardRouting,
  shardKey,
} from "../model/state.ts";
import { bodyObject, illegalArgument, indexNotFound, json, type RestContext } from "./http.ts";
import type { Route } from "./router.ts";

export const EXPLAIN_ROUTES: readonly Route[] = [
  {
    methods: ["GET", "POST"],
    path: "/_cluster/allocation/explain",
    action: "cluster:monitor/allocation/explain",
    master: "read",
    handle: explain,
  },
  {
    methods: ["POST"],
    path: "/_cluster/reroute",
    action: "cluster:admin/reroute",
    master: "write",
    handle: (context) => {
      if (context.cluster !== undefined) context.changed(context.cluster);
      return json({ acknowledged: true });
    },
  },
  {
    methods: ["GET"],
    path: "/_cluster/pending_tasks",
    action: "cluster:monitor/task",
    master: "read",
    handle: () => json({ tasks: [] }),
  },
];

interface Chosen {
  readonly index: IndexMetadata;
  readonly group: ShardGroup;
  readonly copy: ShardRouting;
}

/** Why one copy is where it is, or nowhere: every data node with the deciders that refuse it. */
function explain(context: RestContext) {
  const { world, cluster } = context;
  if (cluster === undefined) throw illegalArgument("no cluster state");
  const { index, group, copy } = chosenCopy(cluster, bodyObject(context.request));
  const known = copy.nodeId === null ? undefined : cluster.knownNodes[copy.nodeId];
  const common = {
    index: index.name,
    shard: group.number,
    primary: copy.primary,
    current_state: copy.state.toLowerCase(),
  };
  const decisions = nodeDecisions(context, cluster, { index, group, copy });
  const someTakes = decisions.some(({ node_decision }) => node_decision === "yes");
  if (!isActive(copy)) {
    const info = copy.unassigned;
    const lost = copy.primary && group.everStarted && !holderIsHere(context, cluster, { index, group, copy });
    const delayed = (info?.delayedUntil ?? 0) > world.clock.now();
    return json({
      ...common,
      unassigned_info: {
        reason: info?.reason,
        at: info === null ? undefined : new Date(info.at).toISOString(),
        last_allocation_status: lost ? "no_valid_shard_copy" : someTakes ? "no_attempt" : "no",
      },
      can_allocate: lost ? "no_valid_shard_copy" : delayed ? "allocation_delayed" : someTakes ? "yes" : "no",
      allocate_explanation: lost
        ? "Elasticsearch can't allocate this shard because all the copies of its data in the cluster are stale or corrupt, or there are none."
        : delayed
          ? "The node containing this shard copy recently left the cluster. Elasticsearch is waiting for it to return."
          : someTakes
            ? "Elasticsearch can allocate the shard."
            : "Elasticsearch isn't allowed to allocate this shard to any of the nodes in the cluster. Choose a node to which you expect this shard to be allocated, find this node in the node-by-node explanation, and address the reasons which prevent Elasticsearch from allocating this shard there.",
      node_allocation_decisions: decisions,
    });
  }
  const node = memberProcess(world, cluster, copy.nodeId ?? "");
  const question: Question | undefined = node && { world, cluster, index, group, copy, node };
  const remains = question === undefined || canRemain(question);
  return json({
    ...common,
    current_node: { id: copy.nodeId, name: known?.name, transport_address: `${known?.address}:9300` },
    can_remain_on_current_node: remains ? "yes" : "no",
    ...(remains || question === undefined ? {} : { can_remain_decisions: refusalsOf(question, true) }),
    ...(remains
      ? {
          can_rebalance_cluster: "yes",
          can_rebalance_to_other_node: someTakes ? "yes" : "no",
          rebalance_explanation:
            "This shard is in a well-balanced location and satisfies all allocation rules so it will remain on this node.",
        }
      : {
          can_move_to_other_node: someTakes ? "yes" : "no",
          move_explanation: someTakes
            ? "shard can be moved to another node"
            : "This shard may not remain on its current node, but Elasticsearch isn't allowed to move it to another node.",
        }),
    node_allocation_decisions: decisions,
  });
}

function nodeDecisions({ world }: RestContext, cluster: ClusterState, { index, group, copy }: Chosen) {
  return memberProcesses(world, cluster)
    .filter((node) => node.config.holdsData && node.volume.nodeId !== copy.nodeId)
    .map((node) => {
      const deciders = refusalsOf({ world, cluster, index, group, copy, node });
      return {
        node_id: node.volume.nodeId,
        node_name: node.config.nodeName,
        transport_address: `${node.pod.podIp}:9300`,
        node_attributes: node.config.attributes,
        node_decision: deciders.length === 0 ? "yes" : "no",
        deciders,
      };
    });
}

function holderIsHere({ world }: RestContext, cluster: ClusterState, { index, group }: Chosen): boolean {
  return memberProcesses(world, cluster).some((node) => {
    const stored = node.volume.shards[shardKey(index, group)];
    return stored !== undefined && group.inSync.includes(stored.allocationId);
  });
}

function chosenCopy(cluster: ClusterState, body: Readonly<Record<string, unknown>>): Chosen {
  if (body.index === undefined) {
    for (const index of Object.values(cluster.indices)) {
      for (const group of index.shards) {
        const copy = group.copies.find(({ state }) => state === "UNASSIGNED");
        if (copy !== undefined) return { index, group, copy };
      }
    }
    throw illegalArgument(
      "No shard was specified in the request which means the response should explain a randomly-chosen unassigned shard, but there are no unassigned shards in this cluster.",
    );
  }
  const index = cluster.indices[String(body.index)];
  if (index === undefined) throw indexNotFound(String(body.index));
  const group = index.shards.find(({ number }) => number === Number(body.shard));
  if (group === undefined) throw illegalArgument(`No shard [${String(body.shard)}] in index [${index.name}]`);
  const current = body.current_node;
  const candidates = group.copies.filter((copy) => copy.primary === (body.primary === true));
  const copy =
    candidates.find(
      ({ nodeId }) => nodeId !== null && (nodeId === current || cluster.knownNodes[nodeId]?.name === current),
    ) ??
    candidates.find(({ state }) => state === "UNASSIGNED") ??
    candidates[0];
  if (copy === undefined) throw illegalArgument(`No replica shard in index [${index.name}]`);
  return { index, group, copy };
}

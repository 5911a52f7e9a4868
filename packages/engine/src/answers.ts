import { type EngineShard, PortError } from "@berth/ports";
import { z } from "zod";

/** Shapes of the answers that we read. Fields that we do not read are ignored; those that we read must be there. */

export const identityAnswer = z.object({
  name: z.string(),
  cluster_name: z.string(),
  cluster_uuid: z.string(),
  version: z.object({ number: z.string() }),
});

export const healthAnswer = z.object({
  status: z.enum(["green", "yellow", "red"]),
  timed_out: z.boolean(),
  number_of_nodes: z.int(),
  number_of_data_nodes: z.int(),
  active_shards: z.int(),
  relocating_shards: z.int(),
  initializing_shards: z.int(),
  unassigned_shards: z.int(),
});

export const nodesAnswer = z.object({
  // A node that did not answer is missing from `nodes` without another word: `failed` is how it shows.
  _nodes: z.object({ total: z.int(), successful: z.int(), failed: z.int() }),
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string(),
      ip: z.string(),
      version: z.string(),
      roles: z.array(z.string()),
      attributes: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

export const shardsAnswer = z.array(
  z.object({
    index: z.string(),
    shard: z.string(),
    prirep: z.enum(["p", "r"]),
    state: z.string(),
    node: z.string().nullish(),
  }),
);

export const votingAnswer = z.object({
  metadata: z.object({
    cluster_coordination: z.object({
      last_committed_config: z.array(z.string()).default([]),
    }),
  }),
});

/** Anything at all: the status was the answer. */
export const anyAnswer = z.unknown();

type ShardRow = z.infer<typeof shardsAnswer>[number];

/** Node names are ours and hold no space. While a shard moves, the column reads `from -> 127.0.0.1 <id> to`. */
const MOVING = /^(\S+) -> (\S+) (\S+) (\S+)$/;

/**
 * One row of `_cat/shards`. Throws PortError unavailable for a node column of another shape: a drain must never pass
 * because a moving shard's node could not be read (opensearch-k8s-operator #1447).
 */
export function shardOf(row: ShardRow): EngineShard {
  const shard = Number(row.shard);
  const column = row.node?.trim() ?? "";
  const moving = MOVING.exec(column);
  if (!Number.isSafeInteger(shard) || (moving === null && /\s/.test(column))) {
    throw new PortError("unavailable", `_cat/shards: a row of ${row.index} cannot be read`);
  }
  const node = moving?.[1] ?? column;
  if (row.state !== "UNASSIGNED" && node === "") {
    throw new PortError("unavailable", `_cat/shards: a ${row.state} shard of ${row.index} is on no node`);
  }
  return {
    index: row.index,
    shard,
    primary: row.prirep === "p",
    state: row.state,
    node: node === "" ? undefined : node,
    relocatingTo: moving?.[4],
  };
}

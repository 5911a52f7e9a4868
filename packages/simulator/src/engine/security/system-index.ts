import { isActive, primaryOf, storedCopy, unassignedCopy } from "../allocation/copies.ts";
import { reroute } from "../allocation/reroute.ts";
import { type ClusterState, type EngineWorld, type IndexMetadata, newId, type StoredDocument } from "../model/state.ts";
import { putDocument, removeDocument } from "../rest/store.ts";

/**
 * Users, roles and mappings live in an index of the cluster, as in the real engines: they move with its shard, and are
 * unreadable while its primary is gone.
 */
export const SYSTEM_INDEX: Readonly<Record<ClusterState["engine"], string>> = {
  elasticsearch: ".security-7",
  opensearch: ".opendistro_security",
};

export class SystemIndexUnavailable extends Error {}

function systemIndex(cluster: ClusterState): IndexMetadata | undefined {
  return cluster.indices[SYSTEM_INDEX[cluster.engine]];
}

/** All documents whose id begins with a prefix, by the rest of their id. Throws while the index has no primary. */
export function systemDocuments(
  world: EngineWorld,
  cluster: ClusterState,
  prefix: string,
): ReadonlyMap<string, StoredDocument["source"]> {
  const index = systemIndex(cluster);
  if (index === undefined) return new Map();
  const group = index.shards[0];
  const active = group?.copies.filter(isActive) ?? [];
  const stored = active.map((copy) => group && storedCopy(world, cluster, index, group, copy)).find((copy) => copy);
  if (stored === undefined) throw new SystemIndexUnavailable(`[${index.name}] has no active shard copy`);
  const entries = Object.entries(stored.docs).filter(([id]) => id.startsWith(prefix));
  return new Map(entries.map(([id, document]) => [id.slice(prefix.length), document.source]));
}

export function systemDocument(
  world: EngineWorld,
  cluster: ClusterState,
  id: string,
): StoredDocument["source"] | undefined {
  return systemDocuments(world, cluster, id).get("");
}

/** Writes one document, making the index the first time. Needs a master for that, and an active primary always. */
export function putSystemDocument(
  world: EngineWorld,
  cluster: ClusterState,
  id: string,
  source: Readonly<Record<string, unknown>>,
): "created" | "updated" {
  const index = systemIndex(cluster) ?? createSystemIndex(world, cluster);
  assertWritable(index);
  return putDocument(world, cluster, index, id, source).version === 1 ? "created" : "updated";
}

export function removeSystemDocument(world: EngineWorld, cluster: ClusterState, id: string): boolean {
  const index = systemIndex(cluster);
  if (index === undefined) return false;
  assertWritable(index);
  return removeDocument(world, cluster, index, id) !== undefined;
}

function assertWritable(index: IndexMetadata): void {
  const primary = index.shards[0] === undefined ? undefined : primaryOf(index.shards[0]);
  if (primary === undefined || !isActive(primary)) {
    throw new SystemIndexUnavailable(`[${index.name}][0] primary shard is not active`);
  }
}

function createSystemIndex(world: EngineWorld, cluster: ClusterState): IndexMetadata {
  const name = SYSTEM_INDEX[cluster.engine];
  const info = { reason: "INDEX_CREATED" as const, at: world.clock.now(), delayedUntil: null, lastNodeId: null };
  const index: IndexMetadata = {
    name,
    uuid: newId(world.random),
    createdAt: world.clock.now(),
    createdVersion: "",
    settings: {
      "index.number_of_shards": "1",
      "index.number_of_replicas": "0",
      "index.auto_expand_replicas": cluster.engine === "elasticsearch" ? "0-1" : "0-all",
      "index.hidden": "true",
    },
    mappings: {},
    aliases: cluster.engine === "elasticsearch" ? { ".security": {} } : {},
    shards: [{ number: 0, inSync: [], copies: [unassignedCopy(true, info)], everStarted: false }],
    pretendedBytes: null,
  };
  cluster.indices[name] = index;
  cluster.version++;
  reroute(world, cluster);
  return index;
}

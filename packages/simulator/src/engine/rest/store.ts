import { isActive, storedCopy } from "../allocation/copies.ts";
import type { ClusterState, EngineWorld, IndexMetadata, ShardGroup, StoredDocument } from "../model/state.ts";

/** Which shard a document belongs to: any even spread will do, as nobody reads routing back. */
export function shardOf(index: IndexMetadata, routing: string): ShardGroup {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(routing)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const group = index.shards[hash % index.shards.length];
  if (group === undefined) throw new RangeError(`index ${index.name} has no shards`);
  return group;
}

/**
 * Writes one document to every active copy of its shard. The caller has made sure that the primary is active.
 *
 * Copies that are not active fall out of the in-sync set: they may not become primary later, even if all others are lost.
 */
export function putDocument(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  id: string,
  source: Readonly<Record<string, unknown>>,
): StoredDocument {
  const group = shardOf(index, id);
  const copies = activeStoredCopies(world, cluster, index, group);
  const before = copies[0]?.docs[id];
  const document = { source, version: (before?.version ?? 0) + 1, seqNo: copies[0]?.nextSeqNo ?? 0 };
  for (const copy of copies) {
    copy.docs[id] = document;
    copy.nextSeqNo = document.seqNo + 1;
  }
  keepInSync(group);
  return document;
}

/** Removes one document from every active copy; undefined when there was none. */
export function removeDocument(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  id: string,
): StoredDocument | undefined {
  const group = shardOf(index, id);
  const copies = activeStoredCopies(world, cluster, index, group);
  const before = copies[0]?.docs[id];
  if (before === undefined) return undefined;
  for (const copy of copies) {
    delete copy.docs[id];
    copy.nextSeqNo++;
  }
  keepInSync(group);
  return before;
}

export function readDocument(
  world: EngineWorld,
  cluster: ClusterState,
  index: IndexMetadata,
  id: string,
): StoredDocument | undefined {
  return activeStoredCopies(world, cluster, index, shardOf(index, id))[0]?.docs[id];
}

/** Copies that can be read and written now, the primary first. */
export function activeStoredCopies(world: EngineWorld, cluster: ClusterState, index: IndexMetadata, group: ShardGroup) {
  return [...group.copies]
    .filter(isActive)
    .sort((a, b) => Number(b.primary) - Number(a.primary))
    .flatMap((copy) => storedCopy(world, cluster, index, group, copy) ?? []);
}

function keepInSync(group: ShardGroup): void {
  const active = group.copies.filter(isActive).flatMap((copy) => copy.allocationId ?? []);
  if (active.length > 0) group.inSync = active;
}

import { ApiError, type StatusCause, unexpected } from "./api-error.ts";
import {
  changedFields,
  difference,
  fieldsOf,
  intersection,
  isGranular,
  isMember,
  itemElement,
  type ListType,
  pathsOf,
  typeOfMember,
  union,
} from "./field-trees.ts";
import { asJson, clone, equal, isObject, type Json, type JsonObject } from "./json.ts";
import type { FieldTree, KubeObject, ManagedFieldsEntry } from "./objects.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { type SchemaType, schemaOf } from "./schema/schema.ts";

interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly subresource: string | undefined;
}

/** Who wrote which field: never applied or owned, whatever a body says. */
const SYSTEM_FIELDS = [
  "name",
  "namespace",
  "generateName",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
];

/** The object without what nobody can own, and without the other half when only status or only the rest is written. */
function ownable(object: KubeObject, subresource: string | undefined): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = asJson(object);
  const meta = { ...(metadata as JsonObject) };
  for (const field of SYSTEM_FIELDS) delete meta[field];
  if (subresource === "status") return "status" in rest ? { status: rest.status ?? null } : {};
  delete rest.status;
  return Object.keys(meta).length === 0 ? rest : { ...rest, metadata: meta };
}

const sameManager = (entry: ManagedFieldsEntry, manager: Manager, apiVersion: string): boolean =>
  entry.manager === manager.name &&
  entry.operation === manager.operation &&
  entry.apiVersion === apiVersion &&
  entry.subresource === manager.subresource;

/**
 * The managed fields after a write that is not an apply: what changed belongs to the writer alone, what vanished to nobody.
 */
export function trackUpdate(
  resource: Resource,
  before: KubeObject | undefined,
  after: KubeObject,
  manager: Manager,
  now: string,
): ManagedFieldsEntry[] {
  const type = schemaOf(resource.schema);
  const old = before === undefined ? {} : ownable(before, manager.subresource);
  const fresh = ownable(after, manager.subresource);
  const entries = before?.metadata.managedFields ?? [];
  const changed = changedFields(old, fresh, type);
  const vanished = difference(fieldsOf(old, type), fieldsOf(fresh, type));
  if (changed === undefined && vanished === undefined) return entries;

  const apiVersion = apiVersionOf(resource);
  const kept: ManagedFieldsEntry[] = [];
  let mine: FieldTree | undefined = changed;
  for (const entry of entries) {
    const isMine = sameManager(entry, manager, apiVersion);
    let rest: FieldTree | undefined = entry.fieldsV1;
    if (rest !== undefined && vanished !== undefined) rest = difference(rest, vanished);
    if (isMine) {
      if (rest !== undefined) mine = mine === undefined ? rest : union(mine, rest);
      continue;
    }
    if (rest !== undefined && changed !== undefined) rest = difference(rest, changed);
    if (rest !== undefined) kept.push({ ...entry, fieldsV1: rest });
  }
  return mine === undefined ? kept : inOrder([...kept, entryOf(manager, apiVersion, mine, now)]);
}

function entryOf(manager: Manager, apiVersion: string, tree: FieldTree, now: string): ManagedFieldsEntry {
  return {
    manager: manager.name,
    operation: manager.operation,
    apiVersion,
    time: now,
    fieldsType: "FieldsV1",
    fieldsV1: tree,
    ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
  };
}

/**
 * Server-side apply: the live object with what the manager wants set, and without what it no longer wants.
 *
 * Refuses with 409 FieldManagerConflict when another manager's field would change, unless forced; then it takes the field.
 * `live` undefined creates.
 */
export function applyConfiguration(
  resource: Resource,
  live: KubeObject | undefined,
  wanted: KubeObject,
  manager: Manager,
  force: boolean,
  now: string,
): KubeObject {
  const type = schemaOf(resource.schema);
  const apiVersion = apiVersionOf(resource);
  const config = ownable(wanted, manager.subresource);
  refuseDuplicates(config, type, "", resource, wanted);
  const mine = fieldsOf(config, type);
  if (live === undefined) {
    const created = clone(wanted);
    created.metadata.managedFields = [entryOf(manager, apiVersion, mine, now)];
    return created;
  }

  const base = asJson(live);
  let merged = merge(base, config, type) as JsonObject;
  const changed = changedFields(ownable(live, undefined), ownableAll(merged), type) ?? undefined;
  const changedStatus =
    manager.subresource === "status"
      ? changedFields(base.status, merged.status ?? {}, typeOfMember(type, "status"))
      : undefined;
  const touched: FieldTree = {
    ...(changed ?? {}),
    ...(changedStatus === undefined ? {} : { "f:status": changedStatus }),
  };

  const entries = live.metadata.managedFields ?? [];
  const others = entries.filter((entry) => !sameManager(entry, manager, apiVersion));
  const previous = entries.find((entry) => sameManager(entry, manager, apiVersion));
  const nothingTouched = Object.keys(touched).length === 0;
  const conflicts = nothingTouched
    ? []
    : others.flatMap((entry) => {
        const common = intersection(entry.fieldsV1, touched);
        return common === undefined ? [] : [{ entry, common }];
      });
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);

  if (previous !== undefined) {
    let dropped = difference(previous.fieldsV1, mine);
    for (const other of others) if (dropped !== undefined) dropped = difference(dropped, other.fieldsV1);
    if (dropped !== undefined) {
      const kept = others.reduce((all, entry) => union(all, entry.fieldsV1), mine);
      merged = (prune(merged, dropped, kept, type) ?? {}) as JsonObject;
    }
  }

  const result = merged as unknown as KubeObject;
  const left = others.flatMap((entry) => {
    const lost = conflicts.find((each) => each.entry === entry)?.common;
    const rest = lost === undefined ? entry.fieldsV1 : difference(entry.fieldsV1, lost);
    return rest === undefined ? [] : [{ ...entry, fieldsV1: rest }];
  });
  const unchanged = previous !== undefined && equal(previous.fieldsV1, mine);
  const entry = unchanged ? previous : entryOf(manager, apiVersion, mine, now);
  result.metadata = { ...result.metadata, managedFields: inOrder([...left, entry]) };
  return result;
}

/** Appliers before updaters, older before newer, as the server sorts them. */
function inOrder(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const rank = (entry: ManagedFieldsEntry): string => `${entry.operation} ${entry.time ?? ""} ${entry.manager}`;
  return [...entries].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Like ownable, of a merged object that is plain JSON still. */
function ownableAll(merged: JsonObject): JsonObject {
  return ownable(merged as unknown as KubeObject, undefined);
}

function applyConflict(conflicts: { entry: ManagedFieldsEntry; common: FieldTree }[]): ApiError {
  const causes: StatusCause[] = [];
  const parts: { who: string; paths: string[] }[] = [];
  for (const { entry, common } of conflicts) {
    const who =
      entry.operation === "Apply"
        ? `"${entry.manager}"`
        : `"${entry.manager}" ${entry.subresource === undefined ? "" : `with subresource "${entry.subresource}" `}using ${entry.apiVersion}`;
    const paths = pathsOf(common);
    parts.push({ who, paths });
    for (const field of paths) causes.push({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field });
  }
  const count = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  const told =
    causes.length === 1
      ? parts.map(({ who, paths }) => `conflict with ${who}: ${paths[0]}`)
      : parts.map(({ who, paths }) => `conflicts with ${who}:\n- ${paths.join("\n- ")}`);
  return new ApiError(409, "Conflict", `Apply failed with ${count}: ${told.join("\n")}`, { causes });
}

function refuseDuplicates(value: Json, type: SchemaType, path: string, resource: Resource, object: KubeObject): void {
  if (!isGranular(value, type)) return;
  if (Array.isArray(value) && type.kind === "list") {
    const seen = new Set<string>();
    for (const item of value) {
      const element = itemElement(item, type);
      if (seen.has(element)) {
        const { namespace = "", name } = object.metadata;
        throw unexpected(
          `failed to create typed patch object (${namespace}/${name}; ${resource.group}/${resource.version}, Kind=${resource.kind}): ${path}: duplicate entries for key [${element.slice(2)}]`,
        );
      }
      seen.add(element);
      if (type.merge !== "set") refuseDuplicates(item, type.of, `${path}[${element}]`, resource, object);
    }
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    refuseDuplicates(member as Json, typeOfMember(type, key), `${path}.${key}`, resource, object);
  }
}

/** The live value with the wanted one laid over it. */
function merge(live: Json | undefined, wanted: Json, type: SchemaType): Json {
  if (!isGranular(wanted, type) || !isGranular(live, type)) return clone(wanted);
  if (Array.isArray(wanted) && Array.isArray(live) && type.kind === "list") return mergeList(live, wanted, type);
  const result: JsonObject = { ...(live as JsonObject) };
  for (const [key, member] of Object.entries(wanted as JsonObject)) {
    result[key] = merge(result[key], member, typeOfMember(type, key));
  }
  return result;
}

/** Wanted items in the wanted order, each live item that is not among them after the one that it followed. */
function mergeList(live: Json[], wanted: Json[], type: ListType): Json[] {
  const byElement = new Map(live.map((item) => [itemElement(item, type), item]));
  const wantedElements = new Set(wanted.map((item) => itemElement(item, type)));
  const followers = new Map<string, Json[]>();
  let anchor = "";
  for (const item of live) {
    const element = itemElement(item, type);
    if (wantedElements.has(element)) anchor = element;
    else followers.set(anchor, [...(followers.get(anchor) ?? []), item]);
  }
  const result = [...(followers.get("") ?? [])];
  for (const item of wanted) {
    const element = itemElement(item, type);
    result.push(
      type.merge === "set" ? item : merge(byElement.get(element), item, type.of),
      ...(followers.get(element) ?? []),
    );
  }
  return result;
}

/** Takes out the dropped members, but no item or map that somebody still owns a part of. Undefined when nothing is left. */
function prune(value: Json, dropped: FieldTree, kept: FieldTree | undefined, type: SchemaType): Json | undefined {
  const gone = isMember(dropped);
  if (!isGranular(value, type)) return gone ? undefined : value;
  if (gone && kept === undefined) return undefined;
  if (Array.isArray(value) && type.kind === "list") {
    const items = value.flatMap((item) => {
      const element = itemElement(item, type);
      const child = dropped[element];
      if (child === undefined) return [item];
      if (type.merge === "set") return [];
      const rest = prune(item, child, kept?.[element], type.of);
      return rest === undefined ? [] : [rest];
    });
    return items.length === 0 ? undefined : items;
  }
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value as JsonObject)) {
    const child = dropped[`f:${key}`];
    const rest = child === undefined ? member : prune(member, child, kept?.[`f:${key}`], typeOfMember(type, key));
    if (rest !== undefined) result[key] = rest;
  }
  return isObject(result) && Object.keys(result).length === 0 ? undefined : result;
}

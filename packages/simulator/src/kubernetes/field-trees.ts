import { canonical, equal, isObject, type Json, type JsonObject } from "./json.ts";
import type { FieldTree } from "./objects.ts";
import { presetOf, type SchemaType } from "./schema/schema.ts";

/**
 * Sets of field paths in the FieldsV1 form, and what server-side apply does with them.
 *
 * A node without children is a member; a node with children is one only if it carries `.`.
 * The rules follow structured-merge-diff v6 as far as the modelled kinds need them.
 */
export type ListType = Extract<SchemaType, { kind: "list" }>;

export function isMember(tree: FieldTree): boolean {
  return tree["."] !== undefined || Object.keys(tree).length === 0;
}

function isEmptyTree(tree: FieldTree): boolean {
  return Object.keys(tree).length === 0;
}

/** The element of an item of an associative list: `k:{"name":"a"}`, or `v:"a"` in a set. */
export function itemElement(item: Json, type: ListType): string {
  if (type.merge === "set") return `v:${JSON.stringify(item)}`;
  const keys: JsonObject = {};
  for (const key of type.merge === "atomic" ? [] : [...type.merge].sort()) {
    const value = isObject(item) ? item[key] : undefined;
    const present = value ?? presetOf(type.of, key);
    if (present !== undefined) keys[key] = present;
  }
  return `k:${canonical(keys)}`;
}

/** Whether apply looks inside a value of this type, or takes it as a whole. */
export function isGranular(value: Json | undefined, type: SchemaType): value is JsonObject | Json[] {
  if (type.kind === "list") return type.merge !== "atomic" && Array.isArray(value);
  return (type.kind === "map" || type.kind === "struct") && !type.atomic && isObject(value);
}

export function typeOfMember(type: SchemaType, key: string): SchemaType {
  if (type.kind === "map") return type.of;
  return (type.kind === "struct" ? type.fields.get(key) : undefined) ?? { kind: "scalar", scalar: "any" };
}

/** All fields that a value sets. */
export function fieldsOf(value: Json, type: SchemaType): FieldTree {
  const tree: FieldTree = {};
  if (!isGranular(value, type)) return tree;
  if (Array.isArray(value) && type.kind === "list") {
    for (const item of value) {
      const children = type.merge === "set" ? {} : { ".": {}, ...fieldsOf(item, type.of) };
      tree[itemElement(item, type)] = children;
    }
    return tree;
  }
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) tree[`f:${key}`] = fieldsOf(member as Json, typeOfMember(type, key));
  }
  return tree;
}

/** Fields of `after` that `before` has not, or has with another value; undefined when there are none. */
export function changedFields(before: Json | undefined, after: Json, type: SchemaType): FieldTree | undefined {
  if (before === undefined) return fieldsOf(after, type);
  if (before === after) return undefined;
  if (!isGranular(before, type) || !isGranular(after, type))
    return equal(before, after) ? undefined : fieldsOf(after, type);
  const tree: FieldTree = {};
  if (Array.isArray(after) && Array.isArray(before) && type.kind === "list") {
    const old = new Map(before.map((item) => [itemElement(item, type), item]));
    for (const item of after) {
      const element = itemElement(item, type);
      const previous = old.get(element);
      const changed =
        previous === undefined
          ? type.merge === "set"
            ? {}
            : { ".": {}, ...fieldsOf(item, type.of) }
          : changedFields(previous, item, type.of);
      if (changed !== undefined) tree[element] = changed;
    }
  } else {
    for (const [key, member] of Object.entries(after)) {
      const changed = changedFields((before as JsonObject)[key], member as Json, typeOfMember(type, key));
      if (changed !== undefined) tree[`f:${key}`] = changed;
    }
  }
  return isEmptyTree(tree) ? undefined : tree;
}

export function union(left: FieldTree, right: FieldTree): FieldTree {
  const result: FieldTree = {};
  const member = isMember(left) || isMember(right);
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (key === ".") continue;
    const a = left[key];
    const b = right[key];
    result[key] = a === undefined ? (b ?? {}) : b === undefined ? a : union(a, b);
  }
  if (member && !isEmptyTree(result)) result["."] = {};
  return result;
}

/** Members of `left` that are not members of `right`; undefined when none is left. */
export function difference(left: FieldTree, right: FieldTree): FieldTree | undefined {
  const result: FieldTree = {};
  const member = isMember(left) && !isMember(right);
  for (const [key, child] of Object.entries(left)) {
    if (key === ".") continue;
    const other = right[key];
    const rest = other === undefined ? child : difference(child, other);
    if (rest !== undefined) result[key] = rest;
  }
  if (isEmptyTree(result)) return member ? {} : undefined;
  if (member) result["."] = {};
  return result;
}

/** Members of both; undefined when there is none. */
export function intersection(left: FieldTree, right: FieldTree): FieldTree | undefined {
  const result: FieldTree = {};
  const member = isMember(left) && isMember(right);
  for (const [key, child] of Object.entries(left)) {
    const other = right[key];
    const common = key === "." || other === undefined ? undefined : intersection(child, other);
    if (common !== undefined) result[key] = common;
  }
  if (isEmptyTree(result)) return member ? {} : undefined;
  if (member) result["."] = {};
  return result;
}

/** The members as paths for people, `.spec.containers[name="a"].image`, as conflict messages show them. */
export function pathsOf(tree: FieldTree, prefix = ""): string[] {
  const paths = prefix !== "" && isMember(tree) ? [prefix] : [];
  for (const [key, child] of Object.entries(tree)) {
    if (key === ".") continue;
    paths.push(...pathsOf(child, prefix + describeElement(key)));
  }
  return paths;
}

function describeElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  const keys: JsonObject = JSON.parse(rest);
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

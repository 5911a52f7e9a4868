import { ApiError, badRequest } from "./api-error.ts";
import { typeOfMember } from "./field-trees.ts";
import { clone, equal, isObject, type Json, type JsonObject } from "./json.ts";
import type { SchemaType } from "./schema/schema.ts";

/**
 * The answer to a JSON patch that cannot be carried out, a failed `test` among them: 422 Invalid without a cause.
 * The server hides the reason (apiserver handlers/patch.go, applyJSPatch; seen in Kubernetes 1.37).
 */
function unprocessable(): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}

const MAX_OPERATIONS = 10_000;

/**
 * RFC 6902 as evanphx/json-patch carries it out: `replace` of a missing member adds it (seen in 1.37).
 *
 * The input is not changed.
 */
export function applyJsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!Array.isArray(patch))
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const root: JsonObject = { "": clone(document) };
  for (const operation of patch) applyOperation(root, operation);
  const result = root[""];
  if (!isObject(result)) throw unprocessable();
  return result;
}

function applyOperation(root: JsonObject, operation: Json): void {
  if (!isObject(operation) || typeof operation.op !== "string" || typeof operation.path !== "string")
    throw unprocessable();
  const { op, path } = operation;
  switch (op) {
    case "test": {
      const found = read(root, path);
      if (found === undefined ? (operation.value ?? null) !== null : !equal(found, operation.value))
        throw unprocessable();
      return;
    }
    case "add":
      add(root, path, clone(operation.value ?? null));
      return;
    case "replace":
      replace(root, path, clone(operation.value ?? null));
      return;
    case "remove":
      remove(root, path);
      return;
    case "move":
    case "copy": {
      const value = typeof operation.from === "string" ? read(root, operation.from) : undefined;
      if (value === undefined) throw unprocessable();
      const taken = clone(value);
      if (op === "move") remove(root, String(operation.from));
      add(root, path, taken);
      return;
    }
    default:
      throw unprocessable();
  }
}

function segments(path: string): string[] {
  if (path !== "" && !path.startsWith("/")) throw unprocessable();
  return path.split("/").map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function step(container: Json | undefined, segment: string): Json | undefined {
  if (Array.isArray(container)) return /^(0|[1-9]\d*)$/.test(segment) ? container[Number(segment)] : undefined;
  return isObject(container) ? container[segment] : undefined;
}

function read(root: JsonObject, path: string): Json | undefined {
  let current: Json | undefined = root;
  for (const segment of segments(path)) current = step(current, segment);
  return current;
}

function parentOf(root: JsonObject, path: string): { parent: Json; last: string } {
  const parts = segments(path);
  const last = parts.pop() ?? "";
  let parent: Json | undefined = root;
  for (const segment of parts) parent = step(parent, segment);
  if (parent === undefined || parent === null || typeof parent !== "object") throw unprocessable();
  return { parent, last };
}

function add(root: JsonObject, path: string, value: Json): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw unprocessable();
    parent.splice(index, 0, value);
  } else (parent as JsonObject)[last] = value;
}

function replace(root: JsonObject, path: string, value: Json): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) {
    if (step(parent, last) === undefined) throw unprocessable();
    parent[Number(last)] = value;
  } else (parent as JsonObject)[last] = value;
}

function remove(root: JsonObject, path: string): void {
  const { parent, last } = parentOf(root, path);
  if (step(parent, last) === undefined) throw unprocessable();
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as JsonObject)[last];
}

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return clone(patch);
  const result: JsonObject = isObject(document) ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

/**
 * Kubernetes' strategic merge patch, the common part: lists with a merge key are merged by it, `$patch: delete` and
 * `$patch: replace`, `$deleteFromPrimitiveList/…`. `$setElementOrder/…` and `$retainKeys` are accepted and not acted on.
 */
export function applyStrategicPatch(document: Json | undefined, patch: Json, type: SchemaType): Json {
  if (!isObject(patch)) return clone(patch);
  if (patch.$patch === "replace") {
    const { $patch: _directive, ...rest } = patch;
    return clone(rest);
  }
  const result: JsonObject = isObject(document) ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const field = key.slice("$deleteFromPrimitiveList/".length);
      const present = result[field];
      if (Array.isArray(present) && Array.isArray(value)) {
        result[field] = present.filter((item) => !value.some((gone) => equal(gone, item)));
      }
      continue;
    }
    if (key.startsWith("$")) continue;
    if (value === null) {
      delete result[key];
      continue;
    }
    const memberType = typeOfMember(type, key);
    result[key] = Array.isArray(value)
      ? mergeList(result[key], value, memberType)
      : applyStrategicPatch(result[key], value, memberType);
  }
  return result;
}

function mergeList(present: Json | undefined, patch: Json[], type: SchemaType): Json {
  const items = Array.isArray(present) ? present : [];
  const replacing = patch.some((item) => isObject(item) && item.$patch === "replace");
  if (type.kind !== "list" || type.merge === "atomic" || replacing) {
    return patch.filter((item) => !isObject(item) || item.$patch === undefined).map((item) => clone(item));
  }
  if (type.merge === "set") return [...items, ...patch.filter((item) => !items.some((other) => equal(other, item)))];
  // The patch merge key is the first of the apply keys: containerPort, port, mountPath, name, type, uid, ip.
  const key = type.merge[0] ?? "name";
  const result = [...items];
  const fresh: Json[] = [];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const index = result.findIndex((other) => isObject(other) && equal(other[key], item[key]));
    if (item.$patch === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = applyStrategicPatch(result[index], item, type.of);
    else fresh.push(applyStrategicPatch({}, item, type.of));
  }
  // New items go first, as the server orders what only the patch has (seen in 1.37).
  return [...fresh, ...result];
}

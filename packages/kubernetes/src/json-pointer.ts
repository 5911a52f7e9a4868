import { isDeepStrictEqual } from "node:util";
import type { JsonPatchOperation } from "@berth/ports";

/** The value at an RFC 6901 pointer, undefined when there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointer.split("/").slice(1)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}

/** Whether all `test` operations of a patch hold for an object. */
export function testsHold(document: unknown, operations: readonly JsonPatchOperation[]): boolean {
  return operations
    .filter(({ op }) => op === "test")
    .every(({ path, value }) => isDeepStrictEqual(valueAt(document, path), value));
}

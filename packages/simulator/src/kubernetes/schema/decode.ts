import { isObject, type Json, type JsonObject } from "../json.ts";
import { canonicalQuantity } from "../quantities.ts";
import type { SchemaType } from "./schema.ts";

/** What the decoder met: fields that the type does not have, and values of a wrong type. */
export interface DecodeProblems {
  readonly unknownFields: string[];
  readonly wrongTypes: string[];
}

/**
 * Reads a body as the API server's decoder does: unknown fields are dropped and named, nulls and empty lists and maps
 * vanish (Go's omitempty), so that what is stored compares equal to what is sent again.
 *
 * Gives a copy; the input is not changed.
 */
export function decode(value: JsonObject, type: SchemaType, problems: DecodeProblems): JsonObject {
  const decoded = decodeValue(value, type, "", problems);
  return isObject(decoded) ? decoded : {};
}

function decodeValue(value: Json, type: SchemaType, path: string, problems: DecodeProblems): Json | undefined {
  if (value === null) return undefined;
  switch (type.kind) {
    case "scalar":
      if (type.scalar === "quantity") {
        const quantity = canonicalQuantity(String(value));
        if (quantity === undefined) problems.wrongTypes.push(NOT_A_QUANTITY);
        return quantity;
      }
      if (type.scalar !== "any" && typeof value !== type.scalar) {
        problems.wrongTypes.push(
          `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ${path.slice(1)} of type ${GO_TYPES[type.scalar]}`,
        );
        return undefined;
      }
      return value;
    case "struct":
      return decodeStruct(value, type, path, problems);
    case "map": {
      if (!isObject(value)) return wrong(value, path, "map", problems);
      const entries: JsonObject = {};
      for (const [key, member] of Object.entries(value)) {
        const decoded = decodeValue(member, type.of, `${path}.${key}`, problems);
        if (decoded !== undefined) entries[key] = decoded;
      }
      return Object.keys(entries).length === 0 ? undefined : entries;
    }
    case "list": {
      if (!Array.isArray(value)) return wrong(value, path, "[]", problems);
      const items: Json[] = [];
      for (const [index, item] of value.entries()) {
        const decoded = decodeValue(item, type.of, `${path}[${index}]`, problems);
        if (decoded !== undefined) items.push(decoded);
      }
      return items.length === 0 ? undefined : items;
    }
  }
}

function decodeStruct(
  value: Json,
  type: Extract<SchemaType, { kind: "struct" }>,
  path: string,
  problems: DecodeProblems,
): Json | undefined {
  if (!isObject(value)) return wrong(value, path, type.name, problems);
  const fields: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const fieldType = type.fields.get(key);
    if (fieldType === undefined) {
      problems.unknownFields.push(`${path}.${key}`.slice(1));
      continue;
    }
    const decoded = decodeValue(member, fieldType, `${path}.${key}`, problems);
    if (decoded !== undefined) fields[key] = decoded;
  }
  return fields;
}

const NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const GO_TYPES = { string: "string", number: "int32", boolean: "bool" } as const;

function jsonTypeOf(value: Json): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function wrong(value: Json, path: string, goType: string, problems: DecodeProblems): undefined {
  problems.wrongTypes.push(
    `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ${path.slice(1)} of type ${goType}`,
  );
  return undefined;
}

import { DEFINITIONS } from "./definitions.ts";

/** How one value is shaped, and how server-side apply merges it. */
export type SchemaType =
  | {
      readonly kind: "scalar";
      readonly scalar: "string" | "number" | "boolean" | "quantity" | "any";
      readonly preset?: string;
    }
  | StructType
  | { readonly kind: "map"; readonly of: SchemaType; readonly atomic: boolean }
  | { readonly kind: "list"; readonly of: SchemaType; readonly merge: "atomic" | "set" | readonly string[] };

export interface StructType {
  readonly kind: "struct";
  readonly name: string;
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, SchemaType>;
}

interface MutableStruct {
  kind: "struct";
  name: string;
  atomic: boolean;
  fields: Map<string, SchemaType>;
}

const SCALARS = { s: "string", n: "number", b: "boolean", q: "quantity", "*": "any" } as const;

const parsed = new Map<string, MutableStruct>();

function structFor(name: string): MutableStruct {
  let struct = parsed.get(name);
  if (struct === undefined) {
    struct = { kind: "struct", name, atomic: false, fields: new Map() };
    parsed.set(name, struct);
  }
  return struct;
}

function parseType(text: string): SchemaType {
  if (text.startsWith("#")) return structFor(text.slice(1));
  if (text.startsWith("!%")) return { kind: "map", of: parseType(text.slice(2)), atomic: true };
  if (text.startsWith("%")) return { kind: "map", of: parseType(text.slice(1)), atomic: false };
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    const relation = text.slice(1, end);
    const merge = relation === "" ? "atomic" : relation === "set" ? "set" : relation.split(",");
    return { kind: "list", of: parseType(text.slice(end + 1)), merge };
  }
  const [letter = "*", preset] = text.split("=");
  const scalar = SCALARS[letter as keyof typeof SCALARS] ?? "any";
  return preset === undefined ? { kind: "scalar", scalar } : { kind: "scalar", scalar, preset };
}

for (const line of DEFINITIONS.split("\n")) {
  const [head = "", ...fields] = line.split(" ");
  const struct = structFor(head.replace("!", ""));
  struct.atomic = head.startsWith("!");
  for (const field of fields) {
    const colon = field.indexOf(":");
    struct.fields.set(field.slice(0, colon), parseType(field.slice(colon + 1)));
  }
}

/** The schema of a modelled type by its short name (`core.v1.Pod`); throws for a name that does not exist. */
export function schemaOf(name: string): StructType {
  const struct = parsed.get(name);
  if (struct === undefined) throw new Error(`no schema for ${name}`);
  return struct;
}

/** The value of a field that an associative key may leave out (`protocol`: TCP). */
export function presetOf(type: SchemaType, field: string): string | undefined {
  const member = type.kind === "struct" ? type.fields.get(field) : undefined;
  return member?.kind === "scalar" ? member.preset : undefined;
}

import { z } from "zod";
import { JSON_LIMITS, MAX_BODY_BYTES } from "../http/json-body.ts";

/** The way from a body to one of its fields: "*" is each entry of an array. */
type Path = readonly string[];

export interface WorstBody {
  readonly name: string;
  readonly body: string;
}

interface Node {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Of a text of any length: what makes a pattern try everything, or a rule take it apart. */
const LETTERS = ["a", "A1", "-", ".", "a.", "/", ":", "a:", "::", "a@", "@", " ", "0", "0.", "\u00e9", "\ud83d\ude00"];

/**
 * Bodies that take the longest to check, one field of the schema after the other: as many members of it as a body may have
 * and far more, all wrong, in as many objects around it, and as long texts. None is over the limit of a body's size.
 */
export function* worstBodies(schema: z.ZodType | undefined): Generator<WorstBody> {
  yield* atField([], { type: "object" });
  yield* atField([], { type: "array" });
  if (schema === undefined) return;
  const document = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node & {
    readonly $defs?: Readonly<Record<string, Node>>;
  };
  for (const [path, node] of fieldsOf([], document, document.$defs ?? {})) yield* atField(path, node);
}

function* fieldsOf(path: Path, given: Node, named: Readonly<Record<string, Node>>): Generator<readonly [Path, Node]> {
  const node = given.$ref === undefined ? given : (named[given.$ref.split("/").at(-1) ?? ""] ?? {});
  yield [path, node];
  for (const one of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) yield* fieldsOf(path, one, named);
  for (const [key, one] of Object.entries(node.properties ?? {})) yield* fieldsOf([...path, key], one, named);
  if (node.items !== undefined) yield* fieldsOf([...path, "*"], node.items, named);
  if (typeof node.additionalProperties === "object")
    yield* fieldsOf([...path, "key"], node.additionalProperties, named);
}

function* atField(path: Path, { type }: Node): Generator<WorstBody> {
  const at = `/${path.join("/")}`;
  const inAll = (entries: number) => path.filter((step) => step === "*").length * entries;
  if (type === "string") {
    for (const letters of LETTERS) {
      // Into one text, and into as many as there are entries of the arrays around it.
      for (const entries of inAll(1) > 0 ? [1, 100] : [1]) {
        const room = (MAX_BODY_BYTES - 2000) / entries ** Math.max(inAll(1), 1) - 40;
        const text = letters.repeat(Math.max(1, Math.floor(room / Buffer.byteLength(letters))));
        yield* fitting({
          name: `${at}: ${entries} texts of ${text.length} ${JSON.stringify(letters)}`,
          body: around(path, JSON.stringify(text), entries),
        });
      }
    }
    return;
  }
  if (type !== "object" && type !== "array") return;
  const { members, allMembers } = JSON_LIMITS;
  // As many as may be in one; in as many as the widest estimate has clusters, and as a body may have; and far beyond.
  for (const [count, entries] of [
    [members, 1],
    [members, 20],
    [members, 70],
    [20_000, 1],
  ] as const) {
    if (entries > 1 && (inAll(1) === 0 || count * entries > allMembers)) continue;
    for (const value of ["1", '""', "{}", "[]", '"/.a"', "null"]) {
      const one = (n: number) => (type === "array" ? value : `"/k/${n}":${value}`);
      const all = Array.from({ length: count }, (_, n) => one(n)).join(",");
      yield* fitting({
        name: `${at}: ${count} times ${value} in each of ${entries}`,
        body: around(path, type === "array" ? `[${all}]` : `{${all}}`, entries),
      });
    }
  }
}

/** The value at its place in an otherwise empty body; in the outermost array around it as many times as is asked for. */
function around(path: Path, value: string, entries: number): string {
  let body = value;
  const outermost = path.indexOf("*");
  for (const [at, step] of [...path.entries()].reverse()) {
    if (step !== "*") body = `{${JSON.stringify(step)}:${body}}`;
    else
      body = `[${Array(at === outermost ? entries : 1)
        .fill(body)
        .join(",")}]`;
  }
  return body;
}

function* fitting(one: WorstBody): Generator<WorstBody> {
  if (Buffer.byteLength(one.body) <= MAX_BODY_BYTES) yield one;
}

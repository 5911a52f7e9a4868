import { pointerOf } from "./faults.ts";

/** Why a text is refused before it is parsed. */
export interface JsonFault {
  readonly kind: "duplicate_key" | "too_deep" | "forbidden_key" | "too_many_members";
  /** Of the object or array that it is about (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

export interface JsonLimits {
  readonly depth: number;
  /** Of one object or array: its fields or entries. */
  readonly members: number;
  /** Of all objects and arrays together; an empty array counts as one. */
  readonly allMembers: number;
}

/** An object or array that is open at the moment. */
interface Frame {
  /** Undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** Where in it we are: its last key, or the number of its entry. */
  at: string | number;
}

/**
 * Looks through JSON for what JSON.parse lets pass in silence: a key twice (parsers differ in which one counts, so a check
 * and its use may see different values), nesting that is too deep, `__proto__` as a key, and more members than any body of
 * ours has: what checks a body takes its time a member, and says something of each that is wrong.
 *
 * One pass, no recursion. Says nothing of whether the text is JSON at all: JSON.parse comes after, and refuses the rest.
 */
export function findJsonFault(text: string, limits: JsonLimits): JsonFault | undefined {
  const frames: Frame[] = [];
  let expectsKey = false;
  let allMembers = 0;
  const fault = (kind: JsonFault["kind"], detail: string, open: readonly Frame[] = frames): JsonFault => ({
    kind,
    pointer: pointerOf(open.slice(0, -1).map((frame) => frame.at)),
    detail,
  });
  const countMember = (ofThis: number): JsonFault | undefined => {
    allMembers += 1;
    const { members, allMembers: all } = limits;
    if (ofThis > members) return fault("too_many_members", `An object or array has at most ${members} members.`);
    if (allMembers <= all) return undefined;
    return fault("too_many_members", `All objects and arrays of a body have at most ${all} members together.`, []);
  };
  for (let at = 0; at < text.length; at++) {
    const frame = frames.at(-1);
    let found: JsonFault | undefined;
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        frames.push({ keys: new Set(), at: "" });
        expectsKey = true;
        if (frames.length > limits.depth) return fault("too_deep", `Nested more than ${limits.depth} levels deep.`);
        break;
      case 0x5b: // [
        frames.push({ keys: undefined, at: 0 });
        expectsKey = false;
        if (frames.length > limits.depth) return fault("too_deep", `Nested more than ${limits.depth} levels deep.`);
        found = countMember(1);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        frames.pop();
        expectsKey = false;
        break;
      case 0x2c: // ,
        expectsKey = frame?.keys !== undefined;
        if (typeof frame?.at === "number") {
          frame.at += 1;
          found = countMember(frame.at + 1);
        }
        break;
      case 0x22: {
        const end = endOfString(text, at);
        if (expectsKey && frame?.keys !== undefined) {
          const key = decoded(text.slice(at, end + 1));
          if (key === undefined) return undefined; // Not JSON: the parser says so.
          if (key === "__proto__") return fault("forbidden_key", "__proto__ cannot be a key.");
          if (frame.keys.has(key)) return fault("duplicate_key", `The key ${JSON.stringify(key)} is there twice.`);
          frame.keys.add(key);
          frame.at = key;
          found = countMember(frame.keys.size);
        }
        expectsKey = false;
        at = end;
        break;
      }
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at += 1;
    else if (code === 0x22) return at;
  }
  return text.length;
}

/** Escapes decoded, so that `"a"` and `"\u0061"` are the same key. */
function decoded(literal: string): string | undefined {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}

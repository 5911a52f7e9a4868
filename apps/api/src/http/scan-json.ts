/** Why a text is refused before it is parsed. */
export interface JsonFault {
  readonly kind: "duplicate_key" | "too_deep" | "forbidden_key";
  readonly detail: string;
}

interface ObjectFrame {
  readonly keys: Set<string> | undefined;
}

/**
 * Looks through JSON for what JSON.parse lets pass in silence: a key twice (parsers differ in which one counts, so a check
 * and its use may see different values), nesting beyond `maxDepth`, and `__proto__` as a key.
 *
 * One pass, no recursion. Says nothing of whether the text is JSON at all: JSON.parse comes after, and refuses the rest.
 */
export function findJsonFault(text: string, maxDepth: number): JsonFault | undefined {
  const frames: ObjectFrame[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        frames.push({ keys: text.charCodeAt(at) === 0x7b ? new Set() : undefined });
        expectsKey = text.charCodeAt(at) === 0x7b;
        if (frames.length > maxDepth) return { kind: "too_deep", detail: `Nested more than ${maxDepth} levels deep.` };
        break;
      case 0x7d: // }
      case 0x5d: // ]
        frames.pop();
        expectsKey = false;
        break;
      case 0x2c: // ,
        expectsKey = frames.at(-1)?.keys !== undefined;
        break;
      case 0x22: {
        const end = endOfString(text, at);
        const keys = frames.at(-1)?.keys;
        if (expectsKey && keys !== undefined) {
          const key = decoded(text.slice(at, end + 1));
          if (key === undefined) return undefined; // Not JSON: the parser says so.
          if (key === "__proto__") return { kind: "forbidden_key", detail: "__proto__ cannot be a key." };
          if (keys.has(key)) return { kind: "duplicate_key", detail: `The key ${JSON.stringify(key)} is there twice.` };
          keys.add(key);
        }
        expectsKey = false;
        at = end;
        break;
      }
    }
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

/**
 * JSON as its text stands: numbers stay digits, so that a price is the decimal that was written, and an object that names
 * a field twice is refused, as two readers could take it for two different things.
 */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

export interface JsonNumber {
  readonly digits: string;
}

/** The message ends with the offset in the text. */
export class JsonError extends Error {}

const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Reads one JSON text (RFC 8259). Throws JsonError. Linear in its length. */
export function readJson(text: string): Json {
  let at = 0;

  const fail = (message: string): never => {
    throw new JsonError(`${message} at offset ${at}`);
  };
  const skipSpace = () => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at++;
    }
  };
  const takes = (character: string): boolean => {
    skipSpace();
    if (text[at] !== character) return false;
    at++;
    return true;
  };

  function readValue(depth: number): Json {
    if (depth > MAX_DEPTH) fail("nested too deep");
    skipSpace();
    switch (text[at]) {
      case "{":
        return readObject(depth);
      case "[":
        return readArray(depth);
      case '"':
        return readString();
      case "t":
        return readWord("true", true);
      case "f":
        return readWord("false", false);
      case "n":
        return readWord("null", null);
      default:
        return readNumber();
    }
  }

  function readObject(depth: number): Json {
    const fields = new Map<string, Json>();
    at++;
    if (takes("}")) return fields;
    do {
      skipSpace();
      if (text[at] !== '"') fail("a field's name is missing");
      const name = readString();
      if (fields.has(name)) fail(`the field ${JSON.stringify(name)} is there twice`);
      if (!takes(":")) fail("':' is missing");
      fields.set(name, readValue(depth + 1));
    } while (takes(","));
    if (!takes("}")) fail("'}' is missing");
    return fields;
  }

  function readArray(depth: number): Json {
    const items: Json[] = [];
    at++;
    if (takes("]")) return items;
    do items.push(readValue(depth + 1));
    while (takes(","));
    if (!takes("]")) fail("']' is missing");
    return items;
  }

  function readString(): string {
    let value = "";
    at++;
    for (;;) {
      const start = at;
      while (isPlain(text.charCodeAt(at))) at++;
      value += text.slice(start, at);
      const character = text[at];
      if (character === '"') {
        at++;
        return value;
      }
      if (character !== "\\") return fail("a string does not end, or holds a control character");
      value += readEscape();
    }
  }

  function readEscape(): string {
    const character = text[at + 1] ?? "";
    if (character === "u") {
      const digits = text.slice(at + 2, at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return fail("a \\u escape needs four hexadecimal digits");
      at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const escaped = Object.hasOwn(ESCAPES, character) ? ESCAPES[character] : undefined;
    if (escaped === undefined) return fail("an unknown escape");
    at += 2;
    return escaped;
  }

  function readWord<T extends Json>(word: string, value: T): T {
    if (!text.startsWith(word, at)) fail("no JSON value");
    at += word.length;
    return value;
  }

  function readNumber(): Json {
    NUMBER.lastIndex = at;
    const [digits] = NUMBER.exec(text) ?? [];
    if (digits === undefined) return fail("no JSON value");
    at += digits.length;
    return { digits };
  }

  const value = readValue(0);
  skipSpace();
  if (at < text.length) fail("something follows the value");
  return value;
}

/** Whether a string may hold the character as it is; false for NaN, which stands behind the text's end. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}

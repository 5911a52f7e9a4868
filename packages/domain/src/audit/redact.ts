import type { Json } from "./canonical-json.ts";

/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

/**
 * Takes secrets out of what is to be kept for good, whoever put them there: by the name of the field, and, wherever they
 * stand, by their shape. An audit row cannot be corrected later, so both err on the side of taking out too much.
 */

/** A word of a field's name that makes its value a secret: `initial_password`, `tokenHash`. */
const SECRET_WORDS =
  /(?:^|_)(?:passwords?|passwd|passphrase|pwd|secrets?|tokens?|kubeconfig|authorization|cookies?|pepper|ciphertext|plaintext|pem|(?:private|access|secret|signing|encryption|wrapped|data|client)_keys?)(?:_|$)/;
/** Names that tell of a secret without being one: `token_id`, `secret_created_at`. */
const ABOUT_A_SECRET = /_(?:ids?|at|count|hint)$/;

/** Secrets by their shape: our own keys, private keys, JSON web tokens, AWS keys, bearer tokens, passwords in URLs. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/berth_[a-z]{1,16}_[0-9A-Za-z_]{16,}/g, REDACTED],
  [/whsec_[0-9A-Za-z+/=_-]{8,}/g, REDACTED],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, REDACTED],
  [/eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, REDACTED],
  [/(?:AKIA|ASIA)[0-9A-Z]{16}/g, REDACTED],
  [/(bearer\s+)[\w.~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/(:\/\/[^/\s:@]{0,200}:)[^@/\s]{1,500}@/g, `$1${REDACTED}@`],
];

/** What every shape has in it: most texts have none of it, and need no further look. */
const ANY_SHAPE = /berth_|whsec_|PRIVATE KEY|eyJ|AKIA|ASIA|bearer|:\/\//i;

/** Longer texts are not kept at all: a row is for good, and what they hold cannot be looked through in a moment. */
const LONGEST_TEXT = 4096;

/** A text without secrets, well-formed, and without NUL, which PostgreSQL cannot hold. */
export function redactText(text: string): string {
  if (text.length > LONGEST_TEXT) return `[${text.length} characters]`;
  const clean = ANY_SHAPE.test(text) ? SHAPES.reduce((so, [shape, instead]) => so.replace(shape, instead), text) : text;
  // The first test is quick, and true of emoji too.
  const mended = /[\ud800-\udfff]/.test(clean) ? clean.replace(/\p{Cs}/gu, "\ufffd") : clean;
  return mended.replaceAll("\u0000", "\ufffd");
}

/** Any value as JSON without secrets. Dates are their instants, big integers decimal text, bytes are never shown. */
export function redact(value: unknown): Json {
  switch (typeof value) {
    case "string":
      return redactText(value);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return String(value);
    case "object":
      return redactObject(value);
    default:
      return null;
  }
}

function redactObject(value: object | null): Json {
  if (value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return REDACTED;
  if (Array.isArray(value)) return value.map(redact);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (member === undefined) return [];
      const isSecret = isSecretName(name) && member !== null && typeof member !== "boolean";
      return [[redactText(name), isSecret ? REDACTED : redact(member)]];
    }),
  );
}

function isSecretName(name: string): boolean {
  const snake = snakeCase(name);
  return SECRET_WORDS.test(snake) && !ABOUT_A_SECRET.test(snake);
}

/** `tokenHash`, `token-hash` and `token_hash` as the last of them. */
export function snakeCase(name: string): string {
  if (/^[a-z0-9_]+$/.test(name)) return name;
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^0-9A-Za-z]+/g, "_")
    .toLowerCase();
}

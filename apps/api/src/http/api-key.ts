import { createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** How every key begins; its public part follows. */
export const API_KEY_PREFIX = "berth_live_";
const SHAPE = /^berth_live_([0-9A-Za-z]{10})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

export interface NewApiKey {
  /** The whole key, shown once: `berth_live_<10 public>_<32 random><6 checksum>`. */
  readonly text: string;
  /** Finds the row. */
  readonly publicId: string;
  /** What is stored in place of the key. */
  readonly secretHash: Uint8Array;
}

/**
 * Makes an API key: 190 bits of chance, and a CRC32 at the end by which scanners (and we, without asking the database)
 * tell a key from junk. `pepper` is the server's, so that a stolen table is of no use.
 */
export function makeApiKey(pepper: Uint8Array): NewApiKey {
  const publicId = randomBase62(10);
  const body = `${API_KEY_PREFIX}${publicId}_${randomBase62(32)}`;
  const text = body + checksumOf(body);
  return { text, publicId, secretHash: hashApiKey(text, pepper) };
}

/** The public part of a well-formed key; undefined for anything else, a mistyped key among it. */
export function publicIdOf(text: string): string | undefined {
  const match = SHAPE.exec(text);
  const publicId = match?.[1];
  if (match === null || publicId === undefined) return undefined;
  return checksumOf(text.slice(0, -6)) === match[3] ? publicId : undefined;
}

/** HMAC-SHA256 under the pepper. A slow hash would guard weak secrets; these are strong, and are checked at every request. */
export function hashApiKey(text: string, pepper: Uint8Array): Uint8Array {
  return createHmac("sha256", pepper).update(text).digest();
}

/** Six characters that tell whether the text before them was mistyped. */
export function checksumOf(body: string): string {
  let value = crc32(body);
  let text = "";
  for (let position = 0; position < 6; position++) {
    text = BASE62.charAt(value % 62) + text;
    value = Math.floor(value / 62);
  }
  return text;
}

/** Random text of which no character is likelier than another: bytes beyond the last multiple of 62 are thrown away. */
export function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += BASE62.charAt(byte % 62);
  }
  return text;
}

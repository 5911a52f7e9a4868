import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type KeyProvider, PortError } from "@berth/ports";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Wraps data keys under a key that stands in a file: development and machines without a KMS.
 *
 * AES-256-GCM with the context as additional data: a key that was wrapped for one row does not unwrap for another. The key's
 * id is a hash of it, so that a wrong file is named as such instead of failing on every secret.
 */
export function createLocalKeyProvider(key: Uint8Array): KeyProvider {
  if (key.length !== 32) throw new RangeError("a wrapping key has 32 bytes");
  const keyId = `local:${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
  return {
    keyId,
    wrap: async (dataKey, context) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap: async (wrapped, wrappedUnder, context) => {
      if (wrappedUnder !== keyId) {
        throw new PortError("denied", `the secret was wrapped under the key ${wrappedUnder}; this is ${keyId}`);
      }
      const nonce = wrapped.subarray(0, NONCE_BYTES);
      const tag = wrapped.subarray(wrapped.length - TAG_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context)).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw new PortError("denied", "the secret does not belong to this context, or was changed", { cause });
      }
    },
  };
}

/**
 * The key in a file that only its owner may read; made when there is none. Two processes that race end with one key.
 *
 * Refuses a file that others may read or write: whoever has it opens every secret in the database.
 */
export function readKeyFile(path: string): Uint8Array {
  try {
    return keyIn(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return keyIn(path);
}

function keyIn(path: string): Uint8Array {
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new Error(`${path} holds a key and is open to others (mode ${mode.toString(8)}): chmod 600 ${path}`);
  }
  const key = Buffer.from(readFileSync(path, "utf8").trim(), "base64");
  if (key.length !== 32) throw new Error(`${path} holds no key: 32 bytes in base64 are expected`);
  return key;
}

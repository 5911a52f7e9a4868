import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import bcrypt from "bcryptjs";
import { createBcryptWorker } from "./bcrypt-worker.ts";

/**
 * Checks passwords against stored hashes, and remembers what it found.
 *
 * bcrypt takes some 100 ms in pure JavaScript; the nodes of a cluster share their users files, so each pair of hash and
 * password is worked out once, and the HTTP skin does that on another thread (`prepare`). The real engines keep such a
 * cache too.
 */
export interface Credentials {
  matches(password: string, hash: string): boolean;
  /** Works the answer out elsewhere, so that `matches` finds it. */
  prepare(password: string, hash: string): Promise<void>;
}

const MAX_REMEMBERED = 20_000;

export function createCredentials(): Credentials {
  const known = new Map<string, boolean>();
  const running = new Map<string, Promise<void>>();
  const worker = createBcryptWorker();
  const remember = (key: string, matches: boolean): boolean => {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(key, matches);
    return matches;
  };
  return {
    matches: (password, hash) => {
      const key = keyOf(password, hash);
      return (
        known.get(key) ??
        remember(key, hash.startsWith("$2") ? bcrypt.compareSync(password, asBcrypt(hash)) : matchesSha(password, hash))
      );
    },
    prepare: async (password, hash) => {
      const key = keyOf(password, hash);
      if (known.has(key) || !hash.startsWith("$2")) return;
      const work =
        running.get(key) ??
        worker
          .compare(password, asBcrypt(hash))
          .then((matches) => {
            if (matches !== undefined) remember(key, matches);
          })
          .finally(() => running.delete(key));
      running.set(key, work);
      await work;
    },
  };
}

/** bcrypt's `2y` is its `2b` under PHP's name; bcryptjs knows the latter. */
const asBcrypt = (hash: string): string => hash.replace(/^\$2y\$/, "$2b$");

function keyOf(password: string, hash: string): string {
  return `${hash}|${createHash("sha256").update(password).digest("base64")}`;
}

/** How the model itself stores passwords that it is given in plain text: quick, as nothing here guards real secrets. */
export function hashForModel(password: string, salt = randomBytes(8).toString("hex")): string {
  return `sha256:${salt}:${createHash("sha256").update(`${salt}${password}`).digest("hex")}`;
}

function matchesSha(password: string, hash: string): boolean {
  if (hash.startsWith("plain:")) return hash.slice("plain:".length) === password;
  const [kind, salt = "", digest = ""] = hash.split(":");
  if (kind !== "sha256") return false;
  const given = createHash("sha256").update(`${salt}${password}`).digest();
  const stored = Buffer.from(digest, "hex");
  return stored.length === given.length && timingSafeEqual(given, stored);
}

import { createHash } from "node:crypto";
import { type Random, seededRandom } from "../random.ts";

/** A delay is drawn evenly between two bounds, in milliseconds, both included. */
export type Between = readonly [lowMs: number, highMs: number];

/**
 * Identities and chances that depend on the seed and a key alone.
 *
 * A draw never depends on how many draws were made before it, so neither a read nor a restart changes what comes later.
 */
export class Identity {
  private readonly seed: () => number;

  constructor(seed: () => number) {
    this.seed = seed;
  }

  /** A UUID in version 4 form. */
  uid(key: string): string {
    const hex = this.digest(`uid/${key}`).toString("hex");
    const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) % 4] ?? "8";
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** Letters and digits that Kubernetes puts after generated names: no vowels, nothing that looks alike. */
  suffix(key: string, length: number): string {
    const letters = "bcdfghjklmnpqrstvwxz2456789";
    return [...this.digest(`suffix/${key}`).subarray(0, length)].map((byte) => letters[byte % letters.length]).join("");
  }

  bytes(key: string): Buffer {
    return this.digest(`bytes/${key}`);
  }

  random(key: string): Random {
    return seededRandom(this.digest(`random/${key}`).readUInt32LE(0));
  }

  between([low, high]: Between, key: string): number {
    return low === high ? low : this.random(key).integer(low, high);
  }

  private digest(key: string): Buffer {
    return createHash("sha256").update(`${this.seed()}/${key}`).digest();
  }
}

/** metav1.Time: whole seconds. */
export function timeText(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime, of a clock that knows milliseconds. */
export function microTimeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

import { hash } from "node:crypto";

/** Version of an answer: the generation that was asked for, and how often its status changed, or which one it is. */
export interface Version {
  readonly generation: number;
  readonly statusVersion: number | string;
}

/** Of what has no status of its own: nothing of it changes but by a request. */
export function versionOf({ generation }: { readonly generation: number }): Version {
  return { generation, statusVersion: 0 };
}

/** Of what has a status whose changes nobody counts: it is known by what it says. */
export function versionWith({ generation }: { readonly generation: number }, status: unknown): Version {
  return { generation, statusVersion: hash("sha256", JSON.stringify(status), "base64url").slice(0, 11) };
}

export function etagOf({ generation, statusVersion }: Version): string {
  return `"g${generation}.s${statusVersion}"`;
}

/** Whether If-None-Match (a list, or `*`) has the answer already. Weak comparison, as RFC 9110 section 13.1.2 wants. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}

/**
 * Whether If-Match lets a change through: what was asked for is still what the caller saw. The status half does not count,
 * as it changes by itself.
 */
export function mayChange(ifMatch: string | undefined, generation: number): boolean {
  if (ifMatch === undefined || ifMatch.trim() === "*") return true;
  return ifMatch.split(",").some((one) => one.trim().startsWith(`"g${generation}.`));
}

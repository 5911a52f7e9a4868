/** Version of an answer: the generation that was asked for, and how often its status changed. */
export interface Version {
  readonly generation: number;
  readonly statusVersion: number;
}

/** Of what has no status of its own: nothing of it changes but by a request. */
export function versionOf({ generation }: { readonly generation: number }): Version {
  return { generation, statusVersion: 0 };
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

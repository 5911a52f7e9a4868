/**
 * A named reason why something waits or was held back. Data, not text in a log: the API shows it, the CLI prints it.
 *
 * `since` is when it began to hold (ISO 8601); an unchanged guard keeps it.
 */
export interface Guard {
  /** A stable snake_case name, as `waiting_for_placement`. */
  readonly name: string;
  /** What it concerns: an instance, machine, pod or shard. */
  readonly subject: string;
  readonly since: string;
  /** One sentence: what it waits for and what would end it. */
  readonly hint: string;
}

/** The new guards, each with the `since` of the same guard before. */
export function keepSince(before: readonly Guard[], now: readonly Omit<Guard, "since">[], nowIso: string): Guard[] {
  return now.map((guard) => {
    const known = before.find((other) => other.name === guard.name && other.subject === guard.subject);
    return { ...guard, since: known?.since ?? nowIso };
  });
}

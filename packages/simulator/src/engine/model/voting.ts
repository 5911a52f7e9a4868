/** Inputs of one look at the voting configuration; all are node ids. */
export interface VotingInputs {
  readonly current: readonly string[];
  readonly live: readonly string[];
  readonly master: string;
  readonly excluded: readonly string[];
  readonly autoShrink: boolean;
}

/** More than half of the configuration is among these nodes. */
export function hasQuorum(configuration: readonly string[], nodes: ReadonlySet<string>): boolean {
  return configuration.filter((id) => nodes.has(id)).length * 2 > configuration.length;
}

/**
 * The voting configuration that a master would commit next.
 *
 * Live nodes come first (the master before the others, those already in before newcomers), then dead ones already in.
 * The size is odd: the live nodes rounded down, but not under three while three nodes that nobody excluded are in, so that
 * a dead node keeps its vote until another takes it. Excluding one of three therefore leaves *one* vote, not two: seen on
 * 8.19.21, and what makes a second restart in that state lose the cluster. A fourth node leaves it at three.
 * A configuration without a majority among live nodes is not taken.
 */
export function nextVotingConfiguration(inputs: VotingInputs): readonly string[] {
  const excluded = new Set(inputs.excluded);
  const live = new Set(inputs.live.filter((id) => !excluded.has(id)));
  const current = inputs.current.filter((id) => !excluded.has(id));
  const inCurrent = new Set(current);

  const rank = (id: string): number => {
    if (!live.has(id)) return 3;
    if (id === inputs.master) return 0;
    return inCurrent.has(id) ? 1 : 2;
  };
  const candidates = [...new Set([...live, ...current])].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

  const enforced = inputs.autoShrink ? (current.length < 3 ? 1 : 3) : current.length;
  const odd = live.size % 2 === 0 ? live.size - 1 : live.size;
  const next = candidates.slice(0, Math.max(odd, enforced));
  return next.length > 0 && hasQuorum(next, new Set(inputs.live)) ? next : inputs.current;
}

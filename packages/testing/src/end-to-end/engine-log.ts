/**
 * What Elasticsearch 8 itself says of its way up. Instants are milliseconds since 1970.
 *
 * Its own log, because everything else comes later by what is ours: a probe sees it at its next period, the API server what
 * the kubelet reports, and Berth what it looks at.
 */
export interface EngineLog {
  /** Its readiness port opened: it follows a master, and what it starts with is applied. */
  readonly readyAt: number | undefined;
  /** The index of users was asked for; the first user does it. */
  readonly securityIndexAt: number | undefined;
  /** The last time that health became green; the elected master says it. */
  readonly greenAt: number | undefined;
}

export function readEngineLog(text: string): EngineLog {
  const lines = text.split("\n");
  const last = (pattern: RegExp) => instantOf(lines.findLast((line) => pattern.test(line)));
  const first = (pattern: RegExp) => instantOf(lines.find((line) => pattern.test(line)));
  return {
    readyAt: first(/ReadinessService\b.*readiness service up and running/),
    securityIndexAt: first(/\[\.security-\d+\] creating index/),
    greenAt: last(/health status changed from \[\w+\] to \[GREEN\]/),
  };
}

/**
 * How long the engines of a cluster were at work for themselves: from the start of the last process until all were ready,
 * and from the request for the index of users until health was green. What both cover counts once.
 *
 * Throws when one of them never became ready: then nothing of this is known.
 */
export function engineSeconds(startedAt: readonly number[], logs: readonly EngineLog[]): number {
  const readyAt = logs.flatMap((log) => log.readyAt ?? []);
  if (readyAt.length !== logs.length || startedAt.length !== logs.length) throw new Error("an engine was never ready");
  const start = Math.max(...startedAt);
  const ready = Math.max(...readyAt);
  const index = Math.min(...logs.flatMap((log) => log.securityIndexAt ?? []));
  const green = Math.max(...logs.flatMap((log) => log.greenAt ?? []));
  // Both are infinite when nothing was said, and then add nothing.
  const afterwards = Math.max(0, green - Math.max(index, ready));
  return (ready - start + afterwards) / 1000;
}

/** `[2026-11-28T03:54:01,032]…`, in the time zone of the machine. */
function instantOf(line: string | undefined): number | undefined {
  const [, day, time, fraction] = /^\[(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d),(\d{3})\]/.exec(line ?? "") ?? [];
  return day === undefined ? undefined : Date.parse(`${day}T${time}.${fraction}`);
}

import type { HeldLease, Leases, LiveLease } from "./loops/types.ts";
import type { Sql } from "./sql.ts";

export interface Lease extends HeldLease {
  readonly expiresAt: Date;
}

export interface LeaseOptions {
  /** Who we are: another value for each start of each process, so that a restart cannot pass for its predecessor. */
  readonly holder: string;
  /** How long a lease outlives its holder; 30 s when absent. Renewed at a third of it. */
  readonly ttlMs?: number;
  /** A renewal failed; it is tried again until the lease runs out. */
  readonly onRenewalError?: (name: string, error: unknown) => void;
  /** The system's when absent. */
  readonly clocks?: LeaseClocks;
}

/** Both in milliseconds; only their differences mean anything. */
export interface LeaseClocks {
  monotonicMs(): number;
  wallMs(): number;
}

/** The last part of a lease's life, in which nothing is begun: a call takes its time to arrive, and clocks drift. */
const MARGIN = 0.1;

/** The lease ran out or went to somebody else while its work was under way. */
export class LeaseEnded extends Error {
  override readonly name = "LeaseEnded";

  constructor(name: string) {
    super(`lease ${name} was lost`);
  }
}

/**
 * Takes a lease that is free or has run out. Undefined when somebody holds it, ourselves included: two runs of one process
 * are two holders.
 *
 * One statement, by the database's clock. The epoch grows with every holder and never falls back, which is what makes a
 * late write of an earlier holder recognisable.
 */
export async function acquireLease(sql: Sql, name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
  const [row] = await sql.query<{ epoch: bigint; expiresAt: Date }>(
    `insert into lease (name, holder, epoch, expires_at)
     values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
     on conflict (name) do update
       set holder = excluded.holder, epoch = lease.epoch + 1,
           expires_at = clock_timestamp() + $3 * interval '1 millisecond'
       where lease.expires_at <= clock_timestamp()
     returning epoch, expires_at as "expiresAt"`,
    [name, holder, ttlMs],
  );
  return row === undefined ? undefined : { name, holder, ...row };
}

/** Extends a lease that we still hold. Undefined when it ran out, even if nobody took it yet: effects may not be certain. */
export async function renewLease(sql: Sql, lease: HeldLease, ttlMs: number): Promise<Lease | undefined> {
  const [row] = await sql.query<{ expiresAt: Date }>(
    `update lease set expires_at = clock_timestamp() + $4 * interval '1 millisecond'
      where name = $1 and holder = $2 and epoch = $3 and expires_at > clock_timestamp()
     returning expires_at as "expiresAt"`,
    [lease.name, lease.holder, lease.epoch.toString(), ttlMs],
  );
  return row === undefined ? undefined : { ...lease, ...row };
}

/**
 * Frees a lease at once; nothing happens when it is not ours any more. The row stays: its epoch must only grow.
 *
 * It ends a millisecond ago, as timestamptz(3) may round now up: the next holder would find it still held.
 */
export async function releaseLease(sql: Sql, lease: HeldLease): Promise<void> {
  await sql.query(
    "update lease set expires_at = clock_timestamp() - interval '1 ms' where name = $1 and holder = $2 and epoch = $3 and expires_at > clock_timestamp()",
    [lease.name, lease.holder, lease.epoch.toString()],
  );
}

/**
 * Leases that are renewed while work is under way.
 *
 * What keeps a late record out is the fence. What keeps a late call to the outside out is `ensureHeld`, asked before each:
 * a process that was frozen goes on in the middle of its work, long before a timer tells it that its time is over. A call
 * that is frozen in the last instant, after it was asked, still goes out: the sweeps find what such a call leaves.
 */
export function createLeases(sql: Sql, options: LeaseOptions): Leases {
  const { holder, ttlMs = 30_000, clocks = systemClocks } = options;
  return {
    withLease: async (name, work) => {
      const acquiredAt = readClocks(clocks);
      const lease = await acquireLease(sql, name, holder, ttlMs);
      if (lease === undefined) return undefined;
      const renewal = keepRenewing(sql, lease, { ...options, ttlMs, clocks, acquiredAt });
      try {
        return await work(renewal.lease);
      } finally {
        await renewal.stop();
        // Failing to free it only delays the next holder until it runs out.
        await releaseLease(sql, lease).catch((error: unknown) => options.onRenewalError?.(name, error));
      }
    },
  };
}

const systemClocks: LeaseClocks = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function readClocks(clocks: LeaseClocks): Instant {
  return { monotonicMs: clocks.monotonicMs(), wallMs: clocks.wallMs() };
}

/**
 * The longer of what two clocks say. The monotonic one stands still while a machine is suspended, the wall clock can be set
 * back; one that is set forward ends a lease too early, which costs a repetition.
 */
function elapsedMs(clocks: LeaseClocks, since: Instant): number {
  const now = readClocks(clocks);
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs);
}

/** Renews at a third of the lease's life; aborts when it is lost, or when it must have run out by our own clocks. */
function keepRenewing(
  sql: Sql,
  held: Lease,
  options: LeaseOptions & { readonly ttlMs: number; readonly clocks: LeaseClocks; readonly acquiredAt: Instant },
): { readonly lease: LiveLease; stop(): Promise<void> } {
  const { ttlMs, clocks } = options;
  const lost = new AbortController();
  const ended = () => new LeaseEnded(held.name);
  // Read before the database was asked: by our clocks the lease ends no later than by the database's.
  let renewedAt = options.acquiredAt;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const leftMs = () => ttlMs - elapsedMs(clocks, renewedAt);

  const renew = async () => {
    const startedAt = readClocks(clocks);
    try {
      const renewed = await renewLease(sql, held, ttlMs);
      if (renewed === undefined) lost.abort(ended());
      else renewedAt = startedAt;
    } catch (error) {
      options.onRenewalError?.(held.name, error);
    }
    if (leftMs() <= 0) lost.abort(ended());
  };
  const schedule = () => {
    timer = setTimeout(
      () => {
        running = renew().then(() => {
          if (timer !== undefined && !lost.signal.aborted) schedule();
        });
      },
      Math.min(ttlMs / 3, Math.max(0, leftMs())),
    );
  };
  schedule();

  return {
    lease: {
      ...held,
      signal: lost.signal,
      ensureHeld: () => {
        if (lost.signal.aborted || leftMs() < ttlMs * MARGIN) throw ended();
      },
    },
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}

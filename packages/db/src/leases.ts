import type { HeldLease, Leases } from "./loops/types.ts";
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
}

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

export interface LeasesWithSignal extends Leases {
  /**
   * Runs `work` while holding the lease, renewed meanwhile; undefined when somebody else holds it.
   *
   * The signal aborts when the lease is lost: a courtesy, to stop early. What keeps a late write out is the fence.
   */
  withLease<T>(name: string, work: (lease: HeldLease, signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
}

export function createLeases(sql: Sql, options: LeaseOptions): LeasesWithSignal {
  const ttlMs = options.ttlMs ?? 30_000;
  return {
    withLease: async (name, work) => {
      const acquiredAt = performance.now();
      const lease = await acquireLease(sql, name, options.holder, ttlMs);
      if (lease === undefined) return undefined;
      const renewal = keepRenewing(sql, lease, { ...options, ttlMs, acquiredAt });
      try {
        return await work(lease, renewal.signal);
      } finally {
        await renewal.stop();
        // Failing to free it only delays the next holder until it runs out.
        await releaseLease(sql, lease).catch((error: unknown) => options.onRenewalError?.(name, error));
      }
    },
  };
}

/** Renews at a third of the lease's life; aborts when it is lost, or when it must have run out by our own clock. */
function keepRenewing(
  sql: Sql,
  lease: Lease,
  options: LeaseOptions & { readonly ttlMs: number; readonly acquiredAt: number },
): { readonly signal: AbortSignal; stop(): Promise<void> } {
  const lost = new AbortController();
  let validUntil = options.acquiredAt + options.ttlMs;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const renew = async () => {
    const startedAt = performance.now();
    try {
      const renewed = await renewLease(sql, lease, options.ttlMs);
      if (renewed === undefined) lost.abort(new LeaseEnded(lease.name));
      else validUntil = startedAt + options.ttlMs;
    } catch (error) {
      options.onRenewalError?.(lease.name, error);
    }
    if (performance.now() >= validUntil) lost.abort(new LeaseEnded(lease.name));
  };
  const schedule = () => {
    const leftMs = Math.max(0, validUntil - performance.now());
    timer = setTimeout(
      () => {
        running = renew().then(() => {
          if (timer !== undefined && !lost.signal.aborted) schedule();
        });
      },
      Math.min(options.ttlMs / 3, leftMs),
    );
  };
  schedule();

  return {
    signal: lost.signal,
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}

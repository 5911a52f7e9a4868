import type { EventRow } from "@berth/db";
import type { OrganizationId } from "@berth/domain";

/** Tells when something happened in an organization. */
export interface EventFeed {
  /**
   * Begins to watch for events that fit. Resolves when the watch is in place: what is committed after that is not missed,
   * so whoever looks at the database then, and waits for `changed` before looking again, sees everything.
   */
  watch(organizationId: OrganizationId, fits: (event: EventRow) => boolean, signal: AbortSignal): Promise<Watch>;
}

export interface Watch {
  /**
   * Resolves when something that fits has happened since the last call, after `timeoutMs` at the latest, or when the signal
   * is aborted. It says when to look again, never what there is to see.
   */
  changed(timeoutMs: number): Promise<void>;
  close(): void;
}

export interface EventFeedDeps {
  /** Tells of each event's organization; undefined when some may not have been heard, so that everybody is to look. */
  readonly onNotice: (listener: (organizationId: OrganizationId | undefined) => void) => void;
  readonly latestSeq: (organizationId: OrganizationId) => Promise<bigint>;
  /** Later events, oldest first, and whether there are more. */
  readonly eventsAfter: (
    organizationId: OrganizationId,
    seq: bigint,
  ) => Promise<{ readonly rows: readonly EventRow[]; readonly more: boolean }>;
  readonly onError: (error: unknown) => void;
}

interface Watcher {
  readonly fits: (event: EventRow) => boolean;
  readonly wake: () => void;
}

interface Organization {
  readonly watchers: Set<Watcher>;
  readonly started: Promise<void>;
  seq: bigint;
  reading: boolean;
  again: boolean;
}

/**
 * Fans one LISTEN connection out to every stream and long poll of this process.
 *
 * New events are read once an organization, however many watch it, and only those whom they concern look again: a thousand
 * waiting callers cost nothing while they wait. A lost notification delays, and does no harm: every watch has a timeout.
 */
export function createEventFeed(deps: EventFeedDeps): EventFeed {
  const organizations = new Map<OrganizationId, Organization>();

  const read = async (id: OrganizationId, organization: Organization): Promise<void> => {
    organization.again = true;
    if (organization.reading) return;
    organization.reading = true;
    try {
      await organization.started;
      while (organization.again && organization.watchers.size > 0) {
        organization.again = false;
        const { rows, more } = await deps.eventsAfter(id, organization.seq);
        organization.seq = rows.at(-1)?.seq ?? organization.seq;
        organization.again ||= more;
        for (const watcher of organization.watchers) if (rows.some(watcher.fits)) watcher.wake();
      }
    } catch (error) {
      deps.onError(error);
      for (const watcher of organization.watchers) watcher.wake();
    } finally {
      organization.reading = false;
    }
  };

  deps.onNotice((id) => {
    for (const [one, organization] of organizations) if (id === undefined || one === id) void read(one, organization);
  });

  const open = (id: OrganizationId): Organization => {
    let organization = organizations.get(id);
    if (organization === undefined) {
      const started = deps.latestSeq(id).then((seq) => {
        fresh.seq = seq;
      });
      const fresh: Organization = { watchers: new Set(), started, seq: 0n, reading: false, again: false };
      organization = fresh;
      organizations.set(id, organization);
    }
    return organization;
  };

  return {
    watch: async (id, fits, signal) => {
      const organization = open(id);
      let happened = false;
      let resume: (() => void) | undefined;
      const watcher: Watcher = {
        fits,
        wake: () => {
          happened = true;
          resume?.();
        },
      };
      const close = () => {
        organization.watchers.delete(watcher);
        if (organization.watchers.size === 0 && organizations.get(id) === organization) organizations.delete(id);
      };
      organization.watchers.add(watcher);
      signal.addEventListener("abort", close, { once: true });
      if (signal.aborted) close();
      try {
        await organization.started;
      } catch (error) {
        close();
        throw error;
      }
      return {
        changed: async (timeoutMs) => {
          if (!happened && !signal.aborted) {
            await pause(timeoutMs, signal, (end) => {
              resume = end;
            });
          }
          resume = undefined;
          happened = false;
        },
        close,
      };
    },
  };
}

/** Until the function given to `arm` is called, the time is over or the signal is aborted. */
function pause(timeoutMs: number, signal: AbortSignal, arm: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, timeoutMs);
    signal.addEventListener("abort", end, { once: true });
    arm(end);
  });
}

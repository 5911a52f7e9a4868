import type { RouteShape } from "@berth/contract";
import { countChangedRows, type Origin, type ScopedDatabase, type TransactionOptions, type Tx } from "@berth/db";
import type { Principal } from "./authenticate.ts";

/**
 * Every change is on record, exactly once: the transaction of a changing request that has changed rows does not commit
 * without one audit row, and one whose work is refused does not commit at all.
 *
 * Nothing of this is for handlers to remember. What would be a change that nobody could see later is our bug, and is
 * answered as one (500) with nothing kept.
 */

export interface Recording {
  /** The same database, with transactions that know who asked and are held to the rule. */
  onRecord<D extends ScopedDatabase<T>, T extends Tx>(db: D): D;
  /** Audit rows written so far, in transactions that were committed. */
  rows(): number;
  /** Throws when a changing request is about to succeed without a transaction that was held to the rule. */
  checkAnswer(outcome: { readonly ok: boolean }): void;
}

export interface Asked {
  readonly shape: RouteShape;
  readonly query: unknown;
  readonly principal: Principal | undefined;
  readonly ip: string;
  readonly userAgent: string | undefined;
}

export function startRecording(asked: Asked): Recording {
  const { shape } = asked;
  const isChanging = shape.method !== "GET" && shape.safe === undefined;
  const origin = originOf(asked);
  let transactions = 0;
  let rows = 0;

  return {
    onRecord: (db) => ({
      ...db,
      transaction: async <R>(work: (tx: Tx) => Promise<R>, options: TransactionOptions = {}): Promise<R> => {
        let written = 0;
        const held = async (tx: Tx): Promise<R> => {
          const result = await work(tx);
          if (!isChanging) return result;
          if (isRefusal(result)) throw new Refused(result);
          written = tx.trail.drafts.length;
          await checkTrail(shape, tx, rows + written);
          return result;
        };
        try {
          const result = await db.transaction(held, { ...options, origin, countsChanges: isChanging });
          transactions += 1;
          rows += written;
          return result;
        } catch (error) {
          if (error instanceof Refused) return error.result as R;
          throw error;
        }
      },
    }),
    rows: () => rows,
    checkAnswer: (outcome) => {
      const isDryRun = (asked.query as { readonly dry_run?: unknown } | undefined)?.dry_run === true;
      if (!isChanging || !outcome.ok || isDryRun || transactions > 0) return;
      throw new Error(
        `${shape.operationId} did its work outside of call.db (or call.onRecord(db)): it is not on record. ` +
          "A POST that only computes is `safe` in the contract.",
      );
    },
  };
}

/** A refusal on its way out of the transaction, so that nothing of it is kept. */
class Refused extends Error {
  readonly result: unknown;

  constructor(result: unknown) {
    super("refused");
    this.result = result;
  }
}

function isRefusal(result: unknown): boolean {
  return typeof result === "object" && result !== null && "ok" in result && result.ok === false;
}

async function checkTrail(shape: RouteShape, tx: Tx, rows: number): Promise<void> {
  if (rows === 1) return;
  if (rows > 1) throw new Error(`${shape.operationId} would write ${rows} audit rows: one a request`);
  // None for a repetition, or a request for what is so already.
  const changed = await countChangedRows(tx);
  if (changed === 0) return;
  throw new Error(`${shape.operationId} would change ${changed} rows without an audit row: call appendAudit`);
}

function originOf({ shape, principal, ip, userAgent }: Asked): Origin {
  const from = { ip, userAgent: userAgent ?? null };
  if (principal === undefined) return { ...from, actor: undefined };
  return {
    ...from,
    actor: {
      type: shape.permission.startsWith("admin:") ? "operator" : "api_key",
      id: principal.apiKeyId,
      name: principal.keyName,
      organizationId: principal.organizationId,
      onBehalfOf: principal.member?.id ?? null,
    },
  };
}

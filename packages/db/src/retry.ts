import { isConflict } from "./conflicts.ts";

/** Full jitter between these, doubling: a fixed pause would only make the same transactions meet again. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/** Every try lost against others. Nothing was kept; the caller may be told to come back (503). */
export class TransactionContended extends Error {
  override readonly name = "TransactionContended";
  readonly attempts: number;

  constructor(attempts: number, cause: unknown) {
    super(`the transaction lost against others ${attempts} times`, { cause });
    this.attempts = attempts;
  }
}

/**
 * How many retries there may be: a tenth of all transactions, and a reserve for the first ones.
 *
 * Without it a storm feeds itself: when everything conflicts, everything is run eight times.
 */
export interface RetryBudget {
  /** A transaction begins. */
  earn(): void;
  /** False when there is nothing left. */
  spend(): boolean;
}

export function createRetryBudget(ratio = 0.1, reserve = 50): RetryBudget {
  let tokens = reserve;
  return {
    earn: () => {
      tokens = Math.min(reserve, tokens + ratio);
    },
    spend: () => {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

/** Runs `attempt` until it no longer loses against others; anything that is not a conflict passes through at once. */
export async function retryConflicts<T>(
  budget: RetryBudget,
  attempts: number,
  attempt: () => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  budget.earn();
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (tried >= attempts || !budget.spend()) throw new TransactionContended(tried, error);
      const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried);
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS + random() * (ceiling - FIRST_PAUSE_MS)));
    }
  }
}

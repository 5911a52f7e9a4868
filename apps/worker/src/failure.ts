import { CommitOutcomeUnknown, LeaseEnded, LeaseLost } from "@berth/db";
import type { RunId } from "@berth/domain";
import { isPortError, type PortError, type PortErrorKind } from "@berth/ports";

/** The guard that a failing port shows the user, by the kind of failure. */
const GUARDS: Readonly<Record<PortErrorKind, string>> = {
  not_found: "dependency_missing",
  conflict: "changed_meanwhile",
  throttled: "throttled",
  unavailable: "dependency_unavailable",
  denied: "access_denied",
  invalid: "refused_by_dependency",
};

/** The same for people who must not see our insides: addresses, admission rules, names of machines. */
const SENTENCES: Readonly<Record<PortErrorKind, string>> = {
  not_found: "Something that the step needs is not there yet; it is tried again.",
  conflict: "Something changed while the step ran; it is tried again.",
  throttled: "The platform is busy; it is tried again.",
  unavailable: "A part of the platform does not answer just now; it is tried again.",
  denied: "The platform was refused access to one of its parts; its operators are told.",
  invalid: "The step was refused by a rule of the platform; its operators are told.",
};

export interface Failure {
  readonly action: string;
  /** In the port's own words: for operators and logs. */
  readonly message: string;
  /** For tenants. */
  readonly sentence: string;
  readonly guard: string;
}

/**
 * What went wrong in a run, as facts: a failure of the outside, or a fault of our own, whose words are for the log alone.
 * Undefined when the lease is lost, or nobody knows whether the last record landed: to write another from what was read
 * before would be to guess.
 */
export function failureOf(error: unknown, action: string, runId: RunId): Failure | undefined {
  if (isLeaseLost(error) || error instanceof CommitOutcomeUnknown) return undefined;
  if (isPortError(error)) return portFailure(error, action);
  const fault = error instanceof Error ? error.name : typeof error;
  return {
    action,
    message: `a fault of Berth's own (${fault}): the worker's log has it under ${runId}`,
    sentence: `Something went wrong within the platform; its operators are told, it is tried again. Reference: ${runId}.`,
    guard: "internal_error",
  };
}

export function portFailure({ kind, message }: PortError, action: string): Failure {
  return { action, message: message.slice(0, 1000), sentence: SENTENCES[kind], guard: GUARDS[kind] };
}

/** Somebody else owns it by now, or nobody. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof LeaseLost || error instanceof LeaseEnded;
}

/**
 * Records what became of `error`, and throws it on when it is a fault of our own: it must reach the log, also when the
 * record fails. But not when the record shows that the lease is lost: such a run may trip over what another has changed.
 */
export async function recordFailure(error: unknown, record: () => Promise<void>): Promise<void> {
  try {
    await record();
  } catch (refused) {
    throw isLeaseLost(refused) || isPortError(error) ? refused : error;
  }
  if (!isPortError(error)) throw error;
}

/** 1 s doubling to 60 s: a failing row is tried soon at first and never forgotten. */
export function backoffMs(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(failures, 6));
}

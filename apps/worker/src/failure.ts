import { isPortError, type PortErrorKind } from "@berth/ports";

/** The guard that a failing port shows the user, by the kind of failure. */
const GUARDS: Readonly<Record<PortErrorKind, string>> = {
  not_found: "dependency_missing",
  conflict: "changed_meanwhile",
  throttled: "throttled",
  unavailable: "dependency_unavailable",
  denied: "access_denied",
  invalid: "refused_by_dependency",
};

export interface Failure {
  readonly action: string;
  readonly message: string;
  readonly guard: string;
}

/** A failure of the outside as facts; undefined for anything else, which is a bug and must surface. */
export function failureOf(error: unknown, action: string): Failure | undefined {
  if (!isPortError(error)) return undefined;
  return { action, message: error.message.slice(0, 1000), guard: GUARDS[error.kind] };
}

/** 1 s doubling to 60 s: a failing row is tried soon at first and never forgotten. */
export function backoffMs(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(failures, 6));
}

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

/** A failure of the outside as facts; undefined for anything else, which is a bug and must surface. */
export function failureOf(error: unknown, action: string): Failure | undefined {
  if (!isPortError(error)) return undefined;
  return { action, message: error.message.slice(0, 1000), sentence: SENTENCES[error.kind], guard: GUARDS[error.kind] };
}

/** 1 s doubling to 60 s: a failing row is tried soon at first and never forgotten. */
export function backoffMs(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.min(failures, 6));
}

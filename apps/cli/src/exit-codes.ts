/** What the process says to a script. Stable: a new meaning gets a new number. */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  authentication: 4,
  conflict: 5,
  quota: 6,
  operationFailed: 7,
  waitTimedOut: 8,
  auditFaulty: 9,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

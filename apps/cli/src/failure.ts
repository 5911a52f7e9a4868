import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";

/** The problem object of the API (RFC 9457), as far as this program reads it. What else it holds is passed on unread. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly request_id?: string;
  readonly errors?:
    | readonly { readonly pointer?: string; readonly code?: string; readonly detail?: string }[]
    | undefined;
  readonly [member: string]: unknown;
}

/**
 * An end of a command that is not success. The message names the thing and the cause; the hint is what to do next.
 *
 * With `-o json` it is printed as a problem object: the API's own where it came from there, else one of the same shape
 * with a code that starts with `cli_`.
 */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly problem: Problem;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: { readonly hint?: string | undefined; readonly problem?: Problem; readonly code?: string } = {},
  ) {
    super(message);
    this.exitCode = exitCode;
    this.hint = options.hint;
    this.problem = options.problem ?? {
      type: "about:blank",
      title: message,
      ...(options.hint === undefined ? {} : { detail: options.hint }),
      code: options.code ?? `cli_${codeName(exitCode)}`,
    };
  }
}

export function usageFailure(message: string, hint?: string): Failure {
  return new Failure(EXIT_CODES.usage, message, { hint });
}

/** A refusal of the API as a failure: its status chooses the exit code, its `errors` become lines. */
export function failureOfProblem(problem: Problem): Failure {
  const faults = problem.errors ?? [];
  // The detail sums the faults up, which stand below.
  const parts = faults.length > 0 ? [problem.title] : [problem.title, problem.detail];
  const summary = parts.filter((part) => part !== undefined && part !== "").join(": ");
  const lines = faults.map((error) => `  ${error.pointer ?? ""}  ${error.detail ?? error.code ?? ""}`);
  return new Failure(exitCodeOf(problem), [summary || `status ${problem.status}`, ...lines].join("\n"), {
    hint: hintOf(problem),
    problem,
  });
}

function exitCodeOf({ status, code }: Problem): ExitCode {
  if (status === 429 || status === 402 || code === "quota_exceeded" || code === "spend_cap_exceeded")
    return EXIT_CODES.quota;
  if (status === 401 || status === 403) return EXIT_CODES.authentication;
  if (status === 404) return EXIT_CODES.notFound;
  if (status === 409 || status === 412 || status === 428) return EXIT_CODES.conflict;
  // What the server refuses as wrong is the same mistake as what this program refuses before asking it.
  if (status === 400 || status === 422) return EXIT_CODES.usage;
  return EXIT_CODES.failure;
}

function hintOf(problem: Problem): string | undefined {
  if (problem.status === 401) return "Set BERTH_API_KEY, or run `berth login`.";
  if (problem.status === 403 && Array.isArray(problem.required_permissions)) {
    return `It takes a key with: ${problem.required_permissions.join(", ")}.`;
  }
  if (problem.code === "deletion_protected") {
    return "Take the protection off first: berth cluster update CLUSTER --no-deletion-protection";
  }
  if (problem.code === "quota_exceeded") {
    // A limit of each cluster, and no quota of the organization.
    return problem.quota === "credentials" ? "See: berth credential list CLUSTER" : "See: berth quota list";
  }
  if (problem.code === "spend_cap_exceeded") {
    return "See: berth quota list. Raise the cap with: berth organization update --max-price-per-hour USD";
  }
  if (problem.code === "organization_suspended") {
    return "Its clusters run on; its keys work again when the operator resumes it.";
  }
  if (problem.code === "operation_in_progress" && typeof problem.operation_id === "string") {
    return `Follow it with: berth operation watch ${problem.operation_id}`;
  }
  if ((problem.status ?? 500) >= 500 && problem.request_id !== undefined) {
    return `If it stays, tell the operator the request id ${problem.request_id}.`;
  }
  return undefined;
}

function codeName(exitCode: ExitCode): string {
  const found = Object.entries(EXIT_CODES).find(([, code]) => code === exitCode);
  return (found?.[0] ?? "failure").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

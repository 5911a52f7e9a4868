import { type Client, createClient, NoAnswerError, ProblemError } from "@berth/client";
import { EXIT_CODES } from "./exit-codes.ts";
import { Failure, failureOfProblem } from "./failure.ts";
import { VERSION } from "./version.ts";

/** Without a key it opens the few routes that take none. */
export function openClient({ apiUrl, ...key }: { readonly apiUrl: string; readonly apiKey?: string }): Client {
  const apiKey = key.apiKey === undefined ? {} : { apiKey: key.apiKey };
  return createClient({ baseUrl: apiUrl, userAgent: `berth-cli/${VERSION}`, ...apiKey });
}

/** What the client threw, as a failure; undefined for anything else, which is a fault of this program. */
export function failureOfClientError(error: unknown): Failure | undefined {
  if (error instanceof ProblemError) return failureOfProblem(error.problem);
  if (error instanceof NoAnswerError) {
    return new Failure(EXIT_CODES.failure, error.message, {
      hint: "Is BERTH_API_URL right, and does the API run there? See: berth doctor",
      code: "cli_no_answer",
    });
  }
  if (error instanceof TypeError && (error as NodeJS.ErrnoException).code === "ERR_INVALID_URL") {
    return new Failure(EXIT_CODES.usage, "the API URL is not a URL", { hint: "It looks like http://127.0.0.1:7070." });
  }
  return undefined;
}

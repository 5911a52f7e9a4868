import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

/** A failure with what to do next when it is that somebody else changed the thing between a look and a change; else as it is. */
export async function explainChangedMeanwhile(error: unknown, look: string): Promise<unknown> {
  const { failureOfClientError } = await import("../open-client.ts");
  const failure = failureOfClientError(error);
  if (failure?.problem.code !== "precondition_failed") return error;
  const hint = `Somebody else changed it just now; nothing of yours was stored. See what it is with ${look}, then run this again.`;
  return new Failure(EXIT_CODES.conflict, failure.message, { hint, problem: failure.problem });
}

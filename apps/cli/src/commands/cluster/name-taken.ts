import { Failure } from "../../failure.ts";

export const NAME_TAKEN_HINT =
  "See: berth cluster list. A deleted cluster keeps its name until its grace period is over.";

/** What was thrown, with where to look when it is that another cluster has the name. */
export async function explainNameTaken(error: unknown): Promise<unknown> {
  const { failureOfClientError } = await import("../../open-client.ts");
  const failure = failureOfClientError(error);
  if (failure?.problem.code !== "name_taken") return error;
  return new Failure(failure.exitCode, failure.message, { hint: NAME_TAKEN_HINT, problem: failure.problem });
}

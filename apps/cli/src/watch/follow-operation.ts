import type { Operation } from "@berth/contract";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { lookUntilDone } from "./looks.ts";
import { type Guard, openProgress } from "./progress.ts";

const ENDED: readonly Operation["state"][] = ["succeeded", "failed", "cancelled"];

export function hasEnded(operation: Operation): boolean {
  return ENDED.includes(operation.state);
}

/**
 * Shows an operation until it ends, and gives it. Only the watching is ours: Ctrl-C and the timeout leave the operation
 * alone, and their failure says how to go on watching. One that failed or was cancelled is a failure with code 7.
 */
export async function followOperation(
  session: Session,
  operationId: string,
  options: { readonly timeoutMs?: number | undefined } = {},
): Promise<Operation> {
  const client = await session.client();
  const params = { operation_id: operationId };
  const leaving = new AbortController();
  const signal = AbortSignal.any([session.io.interrupted, leaving.signal]);
  const progress = await openProgress(session);
  let operation: Operation | undefined;
  try {
    const end = await lookUntilDone(
      {
        events: client.follow.listOperationEvents({ params, signal }),
        everyMs: 2000,
        timeoutMs: options.timeoutMs,
        signal: session.io.interrupted,
      },
      async () => {
        operation = (await client.getOperation({ params, signal: session.io.interrupted })).body;
        progress.update(operation, hasEnded(operation) ? [] : await waitingFor(session, operation));
        return hasEnded(operation);
      },
    );
    if (end !== "done") throw notEnded(operationId, end, options.timeoutMs);
  } finally {
    leaving.abort();
    await progress.end();
  }
  if (operation === undefined) throw new Error("a watch that is done has seen the operation");
  if (operation.state !== "succeeded") throw notSucceeded(operation);
  return operation;
}

/** Why the target is not further: guards are the cluster's. */
async function waitingFor(session: Session, { target }: Operation): Promise<readonly Guard[]> {
  if (target.type !== "cluster") return [];
  const client = await session.client();
  const answer = await client.getCluster({ params: { cluster_id: target.id }, signal: session.io.interrupted });
  return answer.status === 200 ? answer.body.status.waiting_for : [];
}

function notEnded(operationId: string, end: "timed_out" | "interrupted", timeoutMs: number | undefined): Failure {
  const hint = `The operation goes on. Watch it again with: berth operation watch ${operationId}`;
  return end === "interrupted"
    ? new Failure(EXIT_CODES.interrupted, "stopped watching", { hint })
    : new Failure(EXIT_CODES.waitTimedOut, `not done after ${(timeoutMs ?? 0) / 1000} s`, { hint });
}

function notSucceeded(operation: Operation): Failure {
  const { id, kind, state, error, progress, request_id } = operation;
  const step = progress.steps.find((one) => one.state === "failed")?.name;
  const why = error === null ? "" : `: ${error.message}`;
  return new Failure(EXIT_CODES.operationFailed, `${kind} ${state}${step === undefined ? "" : ` at ${step}`}${why}`, {
    hint: `Details: berth operation get ${id}`,
    problem: {
      type: "about:blank",
      title: `The operation ${state}`,
      detail: error?.message ?? "",
      code: error?.code ?? `operation_${state}`,
      operation_id: id,
      request_id,
    },
  });
}

import type { Operation } from "@berth/contract";
import type { OperationRow } from "@berth/db";
import { failureOf, iso, isoOrNull } from "../http/wire.ts";

const ENDED = ["succeeded", "failed", "skipped"];

export function toOperationBody(row: OperationRow): Operation {
  const steps = row.steps.map((step) => ({
    name: step.name,
    state: step.state,
    started_at: step.startedAt,
    finished_at: step.finishedAt,
    message: step.message,
  }));
  const ended = steps.filter((step) => ENDED.includes(step.state)).length;
  const done = row.state === "succeeded";
  return {
    ...referenceTo(row),
    target: { type: row.targetType, id: row.targetId, generation: row.generation },
    progress: {
      percent: done ? 100 : steps.length === 0 ? 0 : Math.floor((ended / steps.length) * 100),
      step: steps.find((step) => step.state === "running")?.name ?? null,
      steps,
    },
    error: failureOf(row.error),
    requested_by: row.requestedBy,
    request_id: row.requestId,
    created_at: iso(row.createdAt),
    started_at: isoOrNull(row.startedAt),
    finished_at: isoOrNull(row.finishedAt),
  };
}

/** An operation as other resources show it. */
export function referenceTo({ id, kind, state }: Pick<OperationRow, "id" | "kind" | "state">) {
  return { id, kind, state };
}

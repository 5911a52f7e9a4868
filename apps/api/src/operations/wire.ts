import type { Operation } from "@berth/contract";
import { OPERATION_KINDS, OPERATION_STATES, type OperationKind, type OperationState, STEP_STATES } from "@berth/domain";
import { failureOf, fieldsOf, iso, isoOrNull, listOf, textOf } from "../http/wire.ts";

export interface OperationRow {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly generation: number;
  readonly steps: unknown;
  readonly error: unknown;
  readonly requestedBy: string;
  readonly requestId: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

const ENDED = ["succeeded", "failed", "skipped"];

/** Our own word of a closed list, which a constraint of the database holds to it. */
export function oneOf<T extends string>(list: readonly T[], word: string): T {
  const found = list.find((one) => one === word);
  if (found === undefined) throw new Error(`${word} is none of ${list.join(", ")}`);
  return found;
}

export function toOperationBody(row: OperationRow): Operation {
  const steps = listOf(row.steps)
    .map(fieldsOf)
    .map((step) => ({
      name: textOf(step.name) ?? "",
      state: oneOf(STEP_STATES, textOf(step.state) ?? "pending"),
      started_at: textOf(step.startedAt) ?? null,
      finished_at: textOf(step.finishedAt) ?? null,
      message: textOf(step.message) ?? "",
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
export function referenceTo(row: Pick<OperationRow, "id" | "kind" | "state">): {
  id: string;
  kind: OperationKind;
  state: OperationState;
} {
  return { id: row.id, kind: oneOf(OPERATION_KINDS, row.kind), state: oneOf(OPERATION_STATES, row.state) };
}

import type { Operation } from "@berth/contract";
import { formatAge, formatDuration } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";
import { type Column, formatFacts, formatTable } from "../../output/table.ts";

/** Operations as a table. */
export const OPERATIONS: ListView<Operation> = {
  noun: "operations",
  nameOf: (operation) => operation.id,
  columns: [
    { header: "id", value: (operation) => operation.id },
    { header: "kind", value: (operation) => operation.kind },
    { header: "state", value: (operation) => operation.state },
    { header: "progress", value: ({ progress }) => `${progress.percent}%`, align: "right" },
    { header: "step", value: ({ progress }) => progress.step ?? undefined },
    { header: "target", value: (operation) => operation.target.id },
    { header: "took", value: took, align: "right" },
    { header: "age", value: (operation) => formatAge(operation.created_at, Date.now()), align: "right" },
    { header: "by", value: (operation) => operation.requested_by, wide: true },
    { header: "request", value: (operation) => operation.request_id, wide: true },
    { header: "error", value: (operation) => operation.error?.message, wide: true },
  ],
};

type Step = Operation["progress"]["steps"][number];

const STEPS: readonly Column<Step>[] = [
  { header: "step", value: (step) => step.name },
  { header: "state", value: (step) => step.state },
  { header: "took", value: took, align: "right" },
  { header: "message", value: (step) => step.message },
];

/** One operation with its steps. */
export function describeOperation(operation: Operation): string {
  const facts = formatFacts([
    ["Id", operation.id],
    ["Kind", operation.kind],
    ["State", operation.state],
    ["Target", `${operation.target.id} (generation ${operation.target.generation})`],
    ["Took", took(operation)],
    ["Requested", `${operation.created_at} by ${operation.requested_by} (request ${operation.request_id})`],
    ...(operation.error === null ? [] : ([["Error", `${operation.error.message} (${operation.error.code})`]] as const)),
  ]);
  return `${facts}\n${formatTable(STEPS, operation.progress.steps)}`;
}

function took({ started_at, finished_at }: Pick<Step, "started_at" | "finished_at">): string | undefined {
  if (started_at === null || finished_at === null) return undefined;
  return formatDuration(Date.parse(finished_at) - Date.parse(started_at));
}

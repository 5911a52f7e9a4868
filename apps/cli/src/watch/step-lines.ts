import type { Operation } from "@berth/contract";
import type { Io } from "../io.ts";
import { formatDuration } from "../output/format.ts";
import type { Progress } from "./progress.ts";

type Step = Operation["progress"]["steps"][number];

/** One line for each change of a step, and for each new reason to wait: for logs. */
export function openStepLines(io: Pick<Io, "err">): Progress {
  const shown = new Map<string, string>();
  const line = (key: string, text: string) => {
    if (shown.get(key) === text) return;
    shown.set(key, text);
    io.err(`${text}\n`);
  };
  return {
    update: (operation, waitingFor) => {
      for (const step of operation.progress.steps) {
        if (step.state !== "pending") line(`step ${step.name}`, stepLine(step));
      }
      for (const guard of waitingFor) {
        line(`guard ${guard.name} ${guard.subject}`, `  waits: ${guard.name} (${guard.subject}): ${guard.hint}`);
      }
    },
    end: async () => {},
  };
}

function stepLine(step: Step): string {
  const took =
    step.started_at !== null && step.finished_at !== null
      ? ` (${formatDuration(Date.parse(step.finished_at) - Date.parse(step.started_at))})`
      : "";
  const message = step.message === "" ? "" : `: ${step.message}`;
  return `${step.name} ${step.state}${took}${message}`;
}

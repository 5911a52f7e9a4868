import type { Operation } from "@berth/contract";
import type { Session } from "../session.ts";

export interface Guard {
  readonly name: string;
  readonly subject: string;
  readonly hint: string;
}

/** What is shown while an operation runs. `update` may be called with the same state again. */
export interface Progress {
  update(operation: Operation, waitingFor: readonly Guard[]): void;
  /** Leaves the last state on the screen. */
  end(): Promise<void>;
}

/** A tree in fewer columns is only torn lines; a terminal of none has no size at all. */
const NARROWEST = 30;

/** A tree on a terminal, a line for each change elsewhere, nothing when stderr is kept for a problem object. */
export async function openProgress(session: Session): Promise<Progress> {
  const { terminal, env } = session.io;
  const canDraw = terminal.errColumns >= NARROWEST && env.TERM !== "dumb" && (env.CI ?? "") === "";
  if (terminal.err && canDraw) return (await import("./step-tree.ts")).openStepTree(session.io);
  if (["json", "yaml", "name"].includes(session.output)) return { update: () => {}, end: async () => {} };
  return (await import("./step-lines.ts")).openStepLines(session.io);
}

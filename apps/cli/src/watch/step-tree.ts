import type { Operation } from "@berth/contract";
import { DefaultRenderer, Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput } from "listr2";
import type { Io } from "../io.ts";
import { formatDuration } from "../output/format.ts";
import type { Guard, Progress } from "./progress.ts";

type Step = Operation["progress"]["steps"][number];
// biome-ignore lint/suspicious/noExplicitAny: listr2's own type has the renderer in it, and nothing here depends on it.
type Task = ListrTaskWrapper<any, any, any>;

/** Draws on stderr, whatever stdout is: data may go into a file while a person watches. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** One step of the tree: ends when the operation's step does. */
class Branch {
  readonly name: string;
  #task: Task | undefined;
  #step: Step | undefined;
  #hint = "";
  #left = false;
  readonly #finished: Promise<void>;
  #finish: (error?: Error) => void = () => {};

  constructor(name: string) {
    this.name = name;
    this.#finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    // A step may fail before the tree has got to it.
    this.#finished.catch(() => {});
  }

  /** The tree has got to it: it may have ended long before. */
  async run(task: Task): Promise<void> {
    this.#task = task;
    this.#draw();
    await this.#finished;
    this.#task = undefined; // listr2 fails on the output of a task that has ended.
    if (this.#step !== undefined) task.title = this.#title(this.#step);
    if (this.#left || this.#step?.state === "skipped") task.skip(task.title);
  }

  show(step: Step, hint: string): void {
    this.#step = step;
    this.#hint = hint;
    if (step.state === "failed") this.#finish(new Error(this.#title(step)));
    else if (step.state === "succeeded" || step.state === "skipped") this.#finish();
    else this.#draw();
  }

  /** Nobody watches any more, or the operation ended without this step. */
  leave(): void {
    this.#left = this.#step?.state !== "succeeded";
    this.#finish();
  }

  #draw(): void {
    if (this.#task === undefined || this.#step === undefined) return;
    this.#task.title = this.#title(this.#step);
    if (this.#step.state === "running") this.#task.output = this.#hint;
  }

  #title({ name, started_at, finished_at, message }: Step): string {
    const took =
      started_at !== null && finished_at !== null
        ? ` ${formatDuration(Date.parse(finished_at) - Date.parse(started_at))}`
        : "";
    return `${name}${took}${message === "" ? "" : `: ${message}`}`;
  }
}

/** A tree of the operation's steps that is drawn over itself. */
export function openStepTree(io: Pick<Io, "env">): Progress {
  const branches = new Map<string, Branch>();
  let drawn: Promise<unknown> | undefined;

  const start = (steps: readonly Step[]) => {
    for (const { name } of steps) branches.set(name, new Branch(name));
    const tasks = [...branches.values()].map((branch) => ({
      title: branch.name,
      task: (_: unknown, task: Task) => branch.run(task),
    }));
    const list = new Listr(tasks, {
      // One after the other: a step that waits for its turn shows as such.
      concurrent: false,
      renderer: StderrRenderer,
      rendererOptions: {
        logger: new ListrLogger({
          useIcons: true,
          processOutput: new ProcessOutput(process.stderr, process.stderr),
        }),
        removeEmptyLines: true,
      },
      registerSignalListeners: false,
      forceUnicode: io.env.TERM !== "linux",
    });
    drawn = list.run().catch(() => {});
  };

  return {
    update: (operation: Operation, waitingFor: readonly Guard[]) => {
      const { steps } = operation.progress;
      if (drawn === undefined) start(steps);
      const hint = waitingFor.map((guard) => `${guard.name} (${guard.subject}): ${guard.hint}`).join("\n");
      for (const step of steps) branches.get(step.name)?.show(step, hint);
    },
    end: async () => {
      for (const branch of branches.values()) branch.leave();
      await drawn;
    },
  };
}

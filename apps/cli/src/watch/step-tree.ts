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
  #latest: Step | undefined;
  #hints: readonly string[] = [];
  #finish: (error?: Error) => void = () => {};
  readonly #finished: Promise<void>;

  constructor(name: string) {
    this.name = name;
    this.#finished = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    // The tree may never get to it, when a step before fails.
    this.#finished.catch(() => {});
  }

  run(task: Task): Promise<void> {
    this.#task = task;
    this.#draw();
    return this.#finished;
  }

  show(step: Step, hints: readonly string[]): void {
    this.#latest = step;
    this.#hints = hints;
    this.#draw();
    if (step.state === "succeeded") this.#finish();
    if (step.state === "skipped") this.#skip();
    if (step.state === "failed") this.#finish(new Error(step.message || step.name));
  }

  /** The watcher leaves, or the operation ended without this step. */
  abandon(): void {
    this.#skip();
  }

  #skip(): void {
    this.#task?.skip();
    this.#finish();
  }

  #draw(): void {
    if (this.#task === undefined || this.#latest === undefined) return;
    const { started_at, finished_at, message } = this.#latest;
    const took =
      started_at !== null && finished_at !== null
        ? ` ${formatDuration(Date.parse(finished_at) - Date.parse(started_at))}`
        : "";
    this.#task.title = `${this.name}${took}${message === "" ? "" : `: ${message}`}`;
    this.#task.output = this.#latest.state === "running" ? this.#hints.join("\n") : "";
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
      concurrent: true,
      exitOnError: false,
      renderer: StderrRenderer,
      rendererOptions: {
        logger: new ListrLogger({
          useIcons: true,
          processOutput: new ProcessOutput(process.stderr, process.stderr),
        }),
        collapseSkips: false,
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
      const hints = waitingFor.map((guard) => `${guard.name} (${guard.subject}): ${guard.hint}`);
      for (const step of steps) branches.get(step.name)?.show(step, hints);
    },
    end: async () => {
      for (const branch of branches.values()) branch.abandon();
      await drawn;
    },
  };
}

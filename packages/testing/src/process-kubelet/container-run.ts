import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunningContainer } from "./container.ts";
import { containerProbes } from "./container-probes.ts";
import { type LaunchedContainer, launchContainer } from "./launch-container.ts";
import { containerLogFile } from "./places.ts";
import { messageOf, type PodContext, podNameOf } from "./pod-context.ts";
import { type ContainerRecord, wireTime } from "./pod-record.ts";
import { terminate } from "./terminate.ts";

/** One container of a pod, through all its restarts. */
export interface ContainerRun {
  /**
   * Starts it, again and again as the pod's restart policy says. True once it may rest (an init container that completed),
   * false when it failed for good or the pod ends.
   */
  keepRunning(): Promise<boolean>;
  /** Undefined between two runs. */
  running(): RunningContainer | undefined;
  /** Ends the present run in order; nothing when there is none. */
  terminate(): void;
}

export function containerRun(context: PodContext, record: ContainerRecord, isMain: boolean): ContainerRun {
  const { node, over, reporter } = context;
  const { container } = record;
  const { name } = container;
  let present: RunningContainer | undefined;

  const end = (running: RunningContainer): void => void terminate(context, container, running);

  /** Gives the exit code, or undefined when it could not be started at all. */
  async function runOnce(): Promise<number | undefined> {
    const probing = new AbortController();
    try {
      const launched = await launch();
      present = launched.running;
      // Deleted while it was on its way: whoever ended the pod did not see it yet.
      if (over.aborted) end(launched.running);
      becomeRunning(launched.running);
      if (isMain) {
        containerProbes(context, record, launched, { signal: probing.signal, restart: () => end(launched.running) });
      }
      return await untilEnded(launched.running);
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      record.state = { waiting: { reason: error.reason, message: error.message } };
      node.events.warn(context.pod(), "Failed", error.message);
      return undefined;
    } finally {
      present = undefined;
      probing.abort();
      reporter.report();
    }
  }

  async function launch(): Promise<LaunchedContainer> {
    const image = await node.pullImage(container.image).catch((error: unknown) => {
      throw new StartFailure("ImagePullBackOff", messageOf(error));
    });
    const places = {
      stage: join(context.folder, "stages", name),
      logFile: containerLogFile(context.folder, name, record.restartCount),
    };
    return launchContainer(context, container, image, places).catch((error: unknown) => {
      throw new StartFailure("CreateContainerConfigError", messageOf(error));
    });
  }

  function becomeRunning(running: RunningContainer): void {
    const { uid } = context.pod().metadata;
    record.containerId = `process://${uid}/${name}/${record.restartCount}/${randomBytes(4).toString("hex")}`;
    record.state = { running: { startedAt: wireTime(running.startedAt) } };
    record.started = !isMain || container.startupProbe === undefined;
    record.ready = isMain && record.started && container.readinessProbe === undefined;
    reporter.report();
    node.events.tell(context.pod(), "Started", `Started container ${name}`);
  }

  async function untilEnded(running: RunningContainer): Promise<number> {
    const { exitCode, finishedAt } = await running.ended;
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      startedAt: wireTime(running.startedAt),
      finishedAt: wireTime(finishedAt),
      ...(record.containerId !== undefined && { containerID: record.containerId }),
    };
    record.state = { terminated };
    record.started = false;
    record.ready = !isMain && exitCode === 0;
    node.log(`${podNameOf(context.pod())}: ${name} ended with ${exitCode}`);
    return exitCode;
  }

  async function keepRunning(): Promise<boolean> {
    const policy = context.pod().spec.restartPolicy ?? "Always";
    const backoff = newBackoff(node.restartBackoffMs);
    if (isMain) record.state = { waiting: { reason: "ContainerCreating" } };
    reporter.report();
    while (!over.aborted) {
      const startedAt = Date.now();
      const exitCode = await runOnce();
      if (over.aborted) return false;
      if (exitCode === undefined) {
        await until(node.restartBackoffMs);
        continue;
      }
      if (exitCode === 0 && (!isMain || policy !== "Always")) return true;
      if (policy === "Never") return false;

      record.lastState = record.state;
      const delayMs = backoff.next(Date.now() - startedAt);
      if (delayMs > 0) waitAfterCrash(delayMs);
      await until(delayMs);
      if (!over.aborted) record.restartCount += 1;
    }
    return false;
  }

  function waitAfterCrash(delayMs: number): void {
    record.state = {
      waiting: { reason: "CrashLoopBackOff", message: `back-off ${delayMs}ms restarting failed container=${name}` },
    };
    node.events.warn(context.pod(), "BackOff", `Back-off restarting failed container ${name}`);
    reporter.report();
  }

  const until = (milliseconds: number): Promise<void> =>
    pause(milliseconds, undefined, { signal: over }).catch(() => undefined);

  return {
    keepRunning,
    running: () => present,
    terminate: () => {
      if (present !== undefined) end(present);
    },
  };
}

class StartFailure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

const QUIET_MS = 10 * 60_000;
const MOST_TIMES_FIRST = 30;

/** The first restart is at once; the delay then doubles, up to 30 times the first, and starts over after ten quiet minutes. */
function newBackoff(firstMs: number): { next(ranMs: number): number } {
  let nextMs = 0;
  return {
    next: (ranMs) => {
      if (ranMs > QUIET_MS) nextMs = 0;
      const delayMs = nextMs;
      nextMs = nextMs === 0 ? firstMs : Math.min(nextMs * 2, firstMs * MOST_TIMES_FIRST);
      return delayMs;
    },
  };
}

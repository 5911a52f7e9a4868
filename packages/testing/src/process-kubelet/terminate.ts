import type { RunningContainer } from "./container.ts";
import { runHandler } from "./handlers.ts";
import type { Container, Pod } from "./objects.ts";
import type { PodContext } from "./pod-context.ts";

/** What a kubelet gives at least, even when the grace is over. */
const LEAST_GRACE_MS = 2000;

/**
 * Ends a container in order: the preStop hook, SIGTERM, and SIGKILL when the grace is over, which began with the hook. The
 * grace is read again and again: a second deletion may shorten it.
 *
 * A node that is being shut down by its test runs no hooks; one that dies, and a pod deleted by force, kill at once.
 */
export async function terminate(context: PodContext, container: Container, running: RunningContainer): Promise<void> {
  const ending = context.ending();
  if (ending === "node dies" || ending === "gone") {
    running.kill();
    return;
  }

  const since = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - since > Math.max(graceMsOf(context.pod()), LEAST_GRACE_MS)) running.kill();
  }, 100);
  try {
    const preStop = container.lifecycle?.preStop;
    if (preStop && ending !== "node stops" && graceMsOf(context.pod()) > 0) {
      const over = new AbortController();
      void running.ended.then(() => over.abort());
      const target = { podIp: context.addresses.podIp, container, running, ports: new Map<number, number>() };
      await runHandler(preStop, target, graceMsOf(context.pod()), over.signal);
    }
    running.terminate();
    await running.ended;
  } finally {
    clearInterval(timer);
  }
}

function graceMsOf(pod: Pod): number {
  return (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
}

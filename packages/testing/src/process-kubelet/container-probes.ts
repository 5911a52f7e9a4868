import type { LaunchedContainer } from "./launch-container.ts";
import { type PodContext, podNameOf } from "./pod-context.ts";
import type { ContainerRecord } from "./pod-record.ts";
import { keepProbing } from "./probe.ts";

export interface ProbingOptions {
  /** Given when the run of the container is over. */
  readonly signal: AbortSignal;
  /** Ends the run, so that the restart policy begins another. */
  restart(): void;
}

/**
 * Probes one run of a container: startup until it first succeeds, then readiness and liveness side by side. Readiness goes
 * on while a pod terminates; only then do startup and liveness no longer restart it.
 */
export function containerProbes(
  context: PodContext,
  record: ContainerRecord,
  launched: LaunchedContainer,
  options: ProbingOptions,
): void {
  const { node, reporter, over } = context;
  const { container } = record;
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const target = { podIp: context.addresses.podIp, container, ...launched };

  const miss = (kind: string) => (message: string) =>
    node.events.warn(context.pod(), "Unhealthy", `${kind} probe failed: ${message}`);

  const restart = (kind: string): void => {
    if (over.aborted) return;
    node.events.tell(context.pod(), "Killing", `Container ${container.name} failed ${kind} probe, will be restarted`);
    options.restart();
  };

  const setReady = (ready: boolean): void => {
    if (record.ready === ready) return;
    record.ready = ready;
    node.log(`${podNameOf(context.pod())}: ${container.name} is ${ready ? "ready" : "not ready"}`);
    reporter.report();
  };

  const afterStartup = (): void => {
    record.started = true;
    reporter.report();
    if (readinessProbe === undefined) setReady(true);
    else {
      const outcome = {
        onSuccess: () => setReady(true),
        onFailure: () => setReady(false),
        onMiss: miss("Readiness"),
      };
      void keepProbing(readinessProbe, target, outcome, options.signal);
    }
    if (livenessProbe === undefined) return;
    const outcome = { onSuccess: () => undefined, onFailure: () => restart("liveness"), onMiss: miss("Liveness") };
    void keepProbing(livenessProbe, target, outcome, options.signal);
  };

  if (startupProbe === undefined) {
    afterStartup();
    return;
  }
  const startup = new AbortController();
  const outcome = {
    onSuccess: () => {
      startup.abort();
      afterStartup();
    },
    onFailure: () => {
      startup.abort();
      restart("startup");
    },
    onMiss: miss("Startup"),
  };
  void keepProbing(startupProbe, target, outcome, AbortSignal.any([options.signal, startup.signal]));
}

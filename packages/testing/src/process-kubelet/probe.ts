import { setTimeout as pause } from "node:timers/promises";
import { type HandlerTarget, runHandler } from "./handlers.ts";
import type { Probe } from "./objects.ts";

export interface ProbeOutcome {
  onSuccess(): void;
  /** After as many failures in a row as the probe's threshold says. */
  onFailure(message: string): void;
  /** Each failure by itself, for the pod's events. */
  onMiss?(message: string): void;
}

/**
 * Probes again and again until the signal, and tells when the outcome is settled by the probe's thresholds. Defaults as in
 * the API: every 10 s, 1 s of patience, one success, three failures.
 */
export async function keepProbing(
  probe: Probe,
  target: HandlerTarget,
  outcome: ProbeOutcome,
  signal: AbortSignal,
): Promise<void> {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const [successThreshold, failureThreshold] = [probe.successThreshold ?? 1, probe.failureThreshold ?? 3];
  let successes = 0;
  let failures = 0;
  let waitMs = (probe.initialDelaySeconds ?? 0) * 1000;
  for (;;) {
    if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const startedAt = performance.now();
    const result = await runHandler(probe, target, timeoutMs);
    if (signal.aborted) return;
    if (result.ok) {
      failures = 0;
      successes += 1;
      if (successes >= successThreshold) outcome.onSuccess();
    } else {
      successes = 0;
      failures += 1;
      outcome.onMiss?.(result.message);
      if (failures >= failureThreshold) outcome.onFailure(result.message);
    }
    waitMs = Math.max(1, periodMs - (performance.now() - startedAt));
  }
}

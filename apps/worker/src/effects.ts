import type { LiveLease } from "@berth/db";
import type { Cloud, Engine, Kubernetes } from "@berth/ports";

/**
 * Every effect on the outside passes through here, under a name and under a lease.
 *
 * The names are the points at which a crash must leave nothing behind: tests end the process `before` the call, when it
 * was `answered` and nothing is written yet, and when it is `recorded`. In production the observer counts them.
 *
 * The lease is asked in the turn of the call itself: a process that was frozen may have lost it on the line before, and the
 * fence, which keeps its records out, knows nothing of calls.
 */
export type EffectPhase = "before" | "answered" | "recorded";

export interface EffectObserver {
  reached(effect: string, phase: EffectPhase): void;
}

/** What it takes to change something on the outside. */
export interface EffectContext {
  readonly effects: EffectObserver;
  readonly lease: LiveLease;
}

declare const wholePort: unique symbol;

/** A port whose changing half is for runEffect alone. */
interface Changeable<Port> {
  readonly [wholePort]: Port;
}

type ReadOnly<Port, Reads extends keyof Port> = Pick<Port, Reads> & Changeable<Port>;

/** The ports as loops have them: for reading. In type alone; at run time each is the port itself. */
export type ReadOnlyKubernetes = ReadOnly<Kubernetes, "version" | "read" | "list" | "podUsage">;
export type ReadOnlyCloud = ReadOnly<Cloud, "region" | "describe" | "reservedInstances" | "reservedOfferings">;
export type ReadOnlyEngine = ReadOnly<Engine, "identity" | "health" | "nodes" | "shards" | "votingConfiguration">;

export function readOnly(port: Kubernetes): ReadOnlyKubernetes;
export function readOnly(port: Cloud): ReadOnlyCloud;
export function readOnly(port: Engine): ReadOnlyEngine;
export function readOnly(port: unknown): unknown {
  return port;
}

/**
 * Runs one named effect on a port: the only way from a read-only one to what changes something.
 *
 * Throws LeaseEnded, and calls nothing, when the lease is over: somebody else may have done the same and more by now.
 * `recorded` is reported by the caller's record step, through `effects.reached`.
 */
export async function runEffect<Port, T>(
  { effects, lease }: EffectContext,
  effect: string,
  port: Changeable<Port>,
  call: (port: Port) => Promise<T>,
): Promise<T> {
  effects.reached(effect, "before");
  lease.ensureHeld();
  const answer = await call(port as unknown as Port);
  effects.reached(effect, "answered");
  return answer;
}

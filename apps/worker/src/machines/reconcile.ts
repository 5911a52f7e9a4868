import type { Leases, LiveLease, MachineRecord, MachineStore, SpendCapReached } from "@berth/db";
import { err, type IdSource, keepSince, type MachineId, ok, type Result, type RunId } from "@berth/domain";
import {
  type DesiredMachine,
  decideMachine,
  isInDoubt,
  type MachineDecision,
  type ObservedMachine,
  UNSEEN_GUARD,
} from "@berth/lifecycle";
import { offeredAllocatable } from "@berth/packing";
import { type Clock, isPortError, PortError } from "@berth/ports";
import type { EffectObserver, ReadOnlyCloud, ReadOnlyKubernetes } from "../effects.ts";
import { backoffMs, type Failure, failureOf, portFailure, recordFailure } from "../failure.ts";
import type { KubeRegistry } from "../kubes.ts";
import { describeSpendCap, SPEND_CAP } from "../spend-cap.ts";
import { executeMachineAction } from "./execute.ts";
import { observeBox, observeNode } from "./observe.ts";

export interface MachineLoopDeps {
  readonly leases: Leases;
  readonly store: MachineStore;
  readonly kubes: KubeRegistry;
  readonly cloudOf: (region: string) => ReadOnlyCloud;
  readonly kubeEndpointOf: (machine: MachineRecord) => Promise<{ readonly server: string; readonly caCertPem: string }>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly effects: EffectObserver;
  /** Tells installations apart that share a cloud account. */
  readonly environment: string;
}

const MAX_PASSES = 5;

/** Brings one machine one step further: launched, joined, used, let go. Takes only the id; safe after a crash anywhere. */
export async function reconcileMachine(deps: MachineLoopDeps, id: MachineId, runId: RunId): Promise<void> {
  await deps.leases.withLease(`machine/${id}`, async (lease) => {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const machine = await deps.store.find(id);
      if (machine === undefined) return;
      const again = await runPass(deps, lease, machine, runId);
      if (!again) return;
    }
  });
}

/** True when the next step can be taken at once. */
async function runPass(
  deps: MachineLoopDeps,
  lease: LiveLease,
  machine: MachineRecord,
  runId: RunId,
): Promise<boolean> {
  const now = deps.clock.now();
  let current = "observe";
  try {
    const desired = desiredOf(machine);
    const { observed, kubernetes, cloud, failures } = await look(deps, machine, desired, now);
    const decision = decideMachine(desired, observed, now.getTime());
    for (const action of decision.actions) {
      current = action.kind;
      const reached = await executeMachineAction({ ...deps, lease, machine, kubernetes, cloud, now }, action);
      if (reached !== undefined) {
        await giveUp(deps, lease, machine, reached, now);
        return false;
      }
    }
    const [failure] = failures;
    await deps.store.recordStatus(lease, machine.id, {
      state: decision.state,
      emptySince: decision.emptySince === undefined ? undefined : new Date(decision.emptySince),
      waitingFor: keepSince(machine.waitingFor, decision.guards, now.toISOString()),
      lastFailure:
        decision.failure === undefined
          ? failure && { action: failure.action, message: failure.message }
          : { action: current, message: decision.failure },
      failures: failure === undefined ? 0 : machine.failures + 1,
      wakes: machine.wakes,
      nextCheckAt: nextCheckAt(machine, decision, failure !== undefined, now),
    });
    deps.effects.reached("machines.status", "recorded");
    const changed = decision.nextCheckInMs === 0 || decision.state !== machine.state;
    // What could not be asked just now is not asked again at once.
    return changed || (failure === undefined && decision.actions.length > 0);
  } catch (error) {
    const failure = failureOf(error, current, runId);
    if (failure === undefined) throw error;
    const guard = { name: failure.guard, subject: machine.id, hint: `${failure.action}: ${failure.message}` };
    // A look that failed is no sight of the instance: it goes on being unseen.
    const unseen = machine.waitingFor.filter((one) => one.name === UNSEEN_GUARD);
    await recordFailure(error, () =>
      deps.store.recordStatus(lease, machine.id, {
        state: machine.state,
        emptySince: machine.emptySince,
        waitingFor: keepSince(machine.waitingFor, [guard, ...unseen], now.toISOString()),
        lastFailure: { action: failure.action, message: failure.message },
        failures: machine.failures + 1,
        wakes: machine.wakes,
        nextCheckAt: new Date(now.getTime() + backoffMs(machine.failures)),
      }),
    );
    return false;
  }
}

/**
 * Ends a machine that may not be launched any more for what it would cost. None of its attempts is under way, as one is
 * opened only before the first and after a refused one; what was sent to it is planned again, with what is left to spend.
 */
async function giveUp(
  deps: MachineLoopDeps,
  lease: LiveLease,
  machine: MachineRecord,
  reached: SpendCapReached,
  now: Date,
): Promise<void> {
  const message = describeSpendCap(reached);
  await deps.store.recordStatus(lease, machine.id, {
    state: "failed",
    emptySince: undefined,
    waitingFor: keepSince(
      machine.waitingFor,
      [{ name: SPEND_CAP, subject: reached.poolId, hint: message }],
      now.toISOString(),
    ),
    lastFailure: { action: "open_attempt", message },
    failures: 0,
    wakes: machine.wakes,
    nextCheckAt: undefined,
  });
  deps.effects.reached("machines.status", "recorded");
}

interface Look {
  readonly observed: ObservedMachine;
  readonly kubernetes: ReadOnlyKubernetes | undefined;
  readonly cloud: ReadOnlyCloud | undefined;
  /** Of the sides that could not be asked. */
  readonly failures: readonly Failure[];
}

/** Looks at both sides, each for itself: one that cannot be asked is unknown, and the other is seen none the less. */
async function look(deps: MachineLoopDeps, machine: MachineRecord, desired: DesiredMachine, now: Date): Promise<Look> {
  const cloud = machine.isStatic ? undefined : deps.cloudOf(machine.region);
  const inUse = machine.state === "ready" || machine.state === "draining";
  const [box, kube] = await Promise.all([
    ask("observe_cloud", () =>
      observeBox(cloud, {
        cloudInstanceId: machine.cloudInstanceId,
        doubtfulToken: isInDoubt(desired, now.getTime()) ? machine.launch?.request.clientToken : undefined,
      }),
    ),
    ask("observe_kube", async () => {
      // Asked for every machine of a kube that does not answer, it would keep the loop from all others.
      if (machine.kubeUnreachable !== undefined) throw new PortError("unavailable", machine.kubeUnreachable);
      const kubernetes = await deps.kubes.get(machine.kubeId);
      const seen = await observeNode(kubernetes, {
        nodeName: machine.nodeName,
        poolId: machine.pool.id,
        // Once joined, the token is gone and nobody may ask again.
        bootstrapTokenId: inUse ? undefined : machine.launch?.bootstrapTokenId,
        approvedRequest: machine.launch?.approvedRequest?.name,
        countPods: inUse || machine.state === "booting",
      });
      return { kubernetes, seen };
    }),
  ]);
  return {
    observed: {
      ...(box.ok ? box.value : { cloud: "unknown", launchedInstanceId: undefined }),
      kube: kube.ok ? kube.value.seen : "unknown",
    },
    kubernetes: kube.ok ? kube.value.kubernetes : undefined,
    cloud,
    failures: [box, kube].flatMap((side) => (side.ok ? [] : [side.error])),
  };
}

async function ask<T>(action: string, call: () => Promise<T>): Promise<Result<T, Failure>> {
  try {
    return ok(await call());
  } catch (error) {
    if (!isPortError(error)) throw error;
    return err(portFailure(error, action));
  }
}

/** A side that could not be asked is asked again as after any failure, but for a kube: the placement loop tells of it. */
function nextCheckAt(machine: MachineRecord, decision: MachineDecision, failed: boolean, now: Date): Date | undefined {
  const { nextCheckInMs } = decision;
  if (nextCheckInMs === undefined) return undefined;
  const backsOff = failed && nextCheckInMs > 0 && machine.kubeUnreachable === undefined;
  return new Date(now.getTime() + (backsOff ? backoffMs(machine.failures) : nextCheckInMs));
}

function desiredOf(machine: MachineRecord): DesiredMachine {
  const unseen = machine.waitingFor.find((guard) => guard.name === UNSEEN_GUARD);
  return {
    state: machine.state,
    nodeName: machine.nodeName,
    attempt: machine.attempt,
    launch:
      machine.launch === undefined ? undefined : { ...machine.launch, createdAt: machine.launch.createdAt.getTime() },
    allocatable: machine.allocatable,
    estimate:
      machine.offering === undefined
        ? undefined
        : offeredAllocatable(
            { ...machine.offering, machineType: machine.machineType },
            machine.pool.instancesPerMachine,
          ),
    alternatives: machine.alternatives.length,
    cloudInstanceId: machine.cloudInstanceId,
    createdAt: machine.createdAt.getTime(),
    launchedAt: machine.launchedAt?.getTime(),
    emptySince: machine.emptySince?.getTime(),
    terminatingAt: machine.terminatingAt?.getTime(),
    unseenSince: unseen === undefined ? undefined : Date.parse(unseen.since),
    emptyAfterMs: machine.pool.emptyAfterSeconds * 1000,
    placed: machine.placed,
    expected: machine.expected,
    brought: machine.isStatic,
  };
}

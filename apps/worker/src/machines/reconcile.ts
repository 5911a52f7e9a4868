import type { Leases, LiveLease, MachineRecord, MachineStore } from "@berth/db";
import { type IdSource, keepSince, type MachineId } from "@berth/domain";
import { type DesiredMachine, decideMachine, type MachineDecision, UNSEEN_GUARD } from "@berth/lifecycle";
import type { Clock } from "@berth/ports";
import type { EffectObserver, ReadOnlyCloud } from "../effects.ts";
import { backoffMs, failureOf } from "../failure.ts";
import type { KubeRegistry } from "../kubes.ts";
import { executeMachineAction } from "./execute.ts";
import { observeMachine } from "./observe.ts";

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
export async function reconcileMachine(deps: MachineLoopDeps, id: MachineId): Promise<void> {
  await deps.leases.withLease(`machine/${id}`, async (lease) => {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const machine = await deps.store.find(id);
      if (machine === undefined) return;
      const again = await runPass(deps, lease, machine);
      if (!again) return;
    }
  });
}

/** True when the next step can be taken at once. */
async function runPass(deps: MachineLoopDeps, lease: LiveLease, machine: MachineRecord): Promise<boolean> {
  const now = deps.clock.now();
  let decision: MachineDecision | undefined;
  let current = "observe";
  try {
    const kubernetes = await deps.kubes.get(machine.kubeId);
    const cloud = machine.isStatic ? undefined : deps.cloudOf(machine.region);
    const inUse = machine.state === "ready" || machine.state === "draining";
    const observed = await observeMachine(kubernetes, cloud, {
      nodeName: machine.nodeName,
      poolId: machine.pool.id,
      cloudInstanceId: machine.cloudInstanceId,
      // Once joined, the token is gone and nobody may ask again.
      bootstrapTokenId: inUse ? undefined : machine.launch?.bootstrapTokenId,
      approvedRequest: machine.launch?.approvedRequest?.name,
      countPods: inUse,
    });
    decision = decideMachine(desiredOf(machine), observed, now.getTime());
    for (const action of decision.actions) {
      current = action.kind;
      await executeMachineAction({ ...deps, lease, machine, kubernetes, cloud, now }, action);
    }
    await deps.store.recordStatus(lease, machine.id, {
      state: decision.state,
      emptySince: decision.emptySince === undefined ? undefined : new Date(decision.emptySince),
      waitingFor: keepSince(machine.waitingFor, decision.guards, now.toISOString()),
      lastFailure: decision.failure === undefined ? undefined : { action: current, message: decision.failure },
      failures: 0,
      wakes: machine.wakes,
      nextCheckAt: decision.nextCheckInMs === undefined ? undefined : new Date(now.getTime() + decision.nextCheckInMs),
    });
    deps.effects.reached("machines.status", "recorded");
    return decision.nextCheckInMs === 0 || decision.state !== machine.state || decision.actions.length > 0;
  } catch (error) {
    const failure = failureOf(error, current);
    if (failure === undefined) throw error;
    const guard = { name: failure.guard, subject: machine.id, hint: `${failure.action}: ${failure.message}` };
    // A look that failed is no sight of the instance: it goes on being unseen.
    const unseen = machine.waitingFor.filter((one) => one.name === UNSEEN_GUARD);
    await deps.store.recordStatus(lease, machine.id, {
      state: machine.state,
      emptySince: machine.emptySince,
      waitingFor: keepSince(machine.waitingFor, [guard, ...unseen], now.toISOString()),
      lastFailure: { action: failure.action, message: failure.message },
      failures: machine.failures + 1,
      wakes: machine.wakes,
      nextCheckAt: new Date(now.getTime() + backoffMs(machine.failures)),
    });
    return false;
  }
}

function desiredOf(machine: MachineRecord): DesiredMachine {
  const unseen = machine.waitingFor.find((guard) => guard.name === UNSEEN_GUARD);
  return {
    state: machine.state,
    nodeName: machine.nodeName,
    attempt: machine.attempt,
    launch: machine.launch,
    alternatives: machine.alternatives.length,
    cloudInstanceId: machine.cloudInstanceId,
    createdAt: machine.createdAt.getTime(),
    launchedAt: machine.launchedAt?.getTime(),
    emptySince: machine.emptySince?.getTime(),
    terminatingAt: machine.terminatingAt?.getTime(),
    unseenSince: unseen === undefined ? undefined : Date.parse(unseen.since),
    emptyAfterMs: machine.pool.emptyAfterSeconds * 1000,
    brought: machine.isStatic,
  };
}

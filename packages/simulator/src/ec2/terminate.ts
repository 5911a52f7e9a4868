import { seededRandom } from "../random.ts";
import { Ec2Error } from "./error.ts";
import { describedState, type Ec2Instance, type Ec2InstanceState, stateAt } from "./instance.ts";
import { mixSeeds } from "./launch.ts";
import type { Ec2Context } from "./state.ts";

export interface StateChange {
  readonly instanceId: string;
  readonly previous: Ec2InstanceState;
  readonly current: Ec2InstanceState;
}

/**
 * TerminateInstances: all of the named machines or, if one of them cannot be seen, none.
 *
 * A machine that Describe does not show yet is NotFound here too: that answer therefore does not mean that it is gone.
 * Terminating a terminated machine again is no error.
 */
export function terminateInstances(context: Ec2Context, ids: readonly string[]): readonly StateChange[] {
  const instances = visibleInstances(context, ids);
  const now = context.clock.now();
  return instances.map((instance) => {
    const previous = stateAt(instance, now);
    beginTermination(context, instance, "Client.UserInitiatedShutdown");
    return { instanceId: instance.id, previous, current: stateAt(instance, now) };
  });
}

/** The machines of these ids as Describe would find them; refuses when one is unknown, invisible or long gone. */
export function visibleInstances(context: Ec2Context, ids: readonly string[]): readonly Ec2Instance[] {
  const malformed = ids.find((id) => !/^i-[0-9a-f]{8,17}$/.test(id));
  if (malformed !== undefined) throw new Ec2Error("InvalidInstanceID.Malformed", `Invalid id: "${malformed}"`);
  const now = context.clock.now();
  const found = ids.flatMap((id) => {
    const instance = context.state.instances[id];
    if (instance === undefined) return [];
    return describedState(instance, now, context.timings.keepTerminatedMs) === undefined ? [] : [instance];
  });
  if (found.length < ids.length) {
    const missing = ids.filter((id) => !found.some((instance) => instance.id === id));
    const one = missing.length === 1;
    const message = `The instance ID${one ? "" : "s"} '${missing.join(", ")}' do${one ? "es" : ""} not exist`;
    throw new Ec2Error("InvalidInstanceID.NotFound", message);
  }
  return found;
}

/** Starts the end of a machine: its processes go half-way through shutting-down. Does nothing the second time. */
export function beginTermination(context: Ec2Context, instance: Ec2Instance, reason: string): void {
  if (instance.terminatingAt !== null) return;
  const [low, high] = context.timings.shutdownMs;
  const lasts = seededRandom(mixSeeds(context.seed + 1, instance.ordinal)).integer(low, high);
  const now = context.clock.now();
  instance.terminatingAt = now;
  instance.vanishAt = now + Math.floor(lasts / 2);
  instance.terminatedAt = now + lasts;
  instance.stateReason = { code: reason, message: `${reason}: instance terminated` };
  context.watchVanish(instance);
}

import type { Guard, MachineState } from "@berth/domain";
import type { DesiredMachine, MachineDecision, ObservedMachine } from "./types.ts";

type SeenCloud = Pick<ObservedMachine, "cloud">;

/** A machine that has not joined by then is given up: it is terminated and counts as a failed launch. */
export const JOIN_TIMEOUT_MS = 15 * 60_000;
/** How long an instance that EC2 does not list may stay unseen before it is believed gone. */
export const UNSEEN_GRACE_MS = 60 * 60_000;
/** Its `since` is when EC2 stopped listing the instance. */
export const UNSEEN_GUARD = "instance_unseen";
export const BUSY_CHECK_MS = 2_000;

/** Whether what began then, a launch or a boot, has had its time. */
export function isLate(since: number, now: number): boolean {
  return now - since > JOIN_TIMEOUT_MS;
}

/** Whether a launch was sent, perhaps, and nobody has known for too long what became of it: EC2 is asked by its token. */
export function isInDoubt({ cloudInstanceId, launch }: DesiredMachine, now: number): boolean {
  return cloudInstanceId === undefined && launch?.outcome === "pending" && isLate(launch.createdAt, now);
}

/** EC2 says itself that the instance does not run any more. */
export function endedByCloud(desired: DesiredMachine, { cloud }: SeenCloud): boolean {
  return !desired.brought && (cloud === "terminated" || cloud === "stopping" || cloud === "stopped");
}

/** Whether a machine on its way out is gone: not found is no proof of it, seen terminated is, and an hour unseen. */
export function isGone(desired: DesiredMachine, observed: SeenCloud, now: number): boolean {
  const unseen = observed.cloud === "absent" && now - (desired.terminatingAt ?? now) > UNSEEN_GRACE_MS;
  return observed.cloud === "terminated" || desired.cloudInstanceId === undefined || unseen;
}

/** Present while EC2 does not list the instance; a look that could not ask EC2 neither begins nor ends that. */
export function unseenGuards(desired: DesiredMachine, observed: SeenCloud): Omit<Guard, "since">[] {
  const stillUnseen = observed.cloud === "unknown" && desired.unseenSince !== undefined;
  if (desired.brought || (observed.cloud !== "absent" && !stillUnseen)) return [];
  return [{ name: UNSEEN_GUARD, subject: desired.nodeName, hint: "EC2 does not list the instance." }];
}

export function decision(
  over: Partial<MachineDecision> & { state: MachineState; nextCheckInMs: number | undefined },
): MachineDecision {
  return { actions: [], emptySince: undefined, guards: [], failure: undefined, ...over };
}

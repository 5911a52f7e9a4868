import { BUSY_CHECK_MS, decision, endedByCloud, isGone, isInDoubt, isLate, unseenGuards } from "./rules.ts";
import type { DesiredMachine, MachineAction, MachineDecision, ObservedMachine } from "./types.ts";

/** The placement loop has machines looked at once their kube answers again; until then there is little to see. */
const UNSEEN_CHECK_MS = 5 * 60_000;
/** So long after the cordon nothing that was under way then can still arrive unseen. */
const DRAIN_SETTLE_MS = 5 * 60_000;

/**
 * What to do with a machine whose kube cannot be asked, perhaps never again: what is paid for ends as soon as that is safe.
 *
 * - terminating: that was safe when it was decided. Ended until EC2 shows it so.
 * - draining: Kubernetes showed it empty, it is cordoned, and no placement was recorded on it since: ended after a while.
 * - ready: pods may run on it. Never drained; given up only when EC2 says itself that the instance has ended.
 * - booting: without an approved join it cannot be a node, and is given up at the join timeout. With one it may hold pods by
 *   now, and is kept as a ready one is.
 * - launching: sent already, perhaps. At the timeout it is looked for in EC2 by its token, and given up with what is found.
 * - planned: nothing was sent, and nothing is: nobody could join.
 *
 * What it leaves in Kubernetes, a Node and a token, is removed when the kube answers: the row stays due until then.
 */
export function decideWithoutKube(desired: DesiredMachine, observed: ObservedMachine, now: number): MachineDecision {
  switch (desired.state) {
    case "planned":
      return hold(desired, "Nothing is launched as long as the kube does not answer.");
    case "launching":
      return decideLaunch(desired, observed, now);
    case "booting":
      if (endedByCloud(desired, observed)) return end(observed, "EC2 ended the instance before it joined.");
      if (!isLate(desired.launchedAt ?? desired.createdAt, now))
        return hold(desired, "It joins when the kube answers.");
      if (desired.launch?.approvedRequest === undefined)
        return end(observed, "The machine did not join within 15 minutes.");
      return hold(desired, "Its join was approved, so pods may run on it: it is not given up unseen.");
    case "ready": {
      if (endedByCloud(desired, observed)) return end(observed, "EC2 ended the instance.");
      const held = hold(desired, "Pods may run on it: it is not drained unseen.");
      return { ...held, guards: [...held.guards, ...unseenGuards(desired, observed)] };
    }
    case "draining": {
      if (endedByCloud(desired, observed)) return end(observed, "EC2 ended the instance.");
      if (desired.placed > 0) return hold(desired, "Instances were placed on it: it is not ended unseen.");
      const since = desired.emptySince ?? now;
      if (now - since >= DRAIN_SETTLE_MS) return end(observed);
      return { ...hold(desired, "It was empty when the kube answered last."), emptySince: since };
    }
    case "terminating": {
      if (!isGone(desired, observed, now)) return end(observed);
      const state = desired.cloudInstanceId === undefined ? "failed" : "terminated";
      return { ...hold(desired, CLEANED_LATER), state };
    }
    case "terminated":
    case "failed":
      return hold(desired, CLEANED_LATER);
  }
}

const CLEANED_LATER = "It has ended; its Node and its token are removed when the kube answers.";

function decideLaunch(desired: DesiredMachine, observed: ObservedMachine, now: number): MachineDecision {
  if (desired.cloudInstanceId !== undefined) return decision({ state: "booting", nextCheckInMs: 0 });
  if (!isInDoubt(desired, now) || observed.cloud === "unknown") {
    return hold(desired, "Nothing is launched as long as the kube does not answer.");
  }
  const failure = "The kube did not answer for 15 minutes.";
  const instanceId = observed.launchedInstanceId;
  if (instanceId === undefined) return { ...hold(desired, CLEANED_LATER), state: "failed", failure };
  const actions: MachineAction[] = [{ kind: "adopt_instance", instanceId }];
  return decision({ state: "terminating", actions, failure, nextCheckInMs: 0 });
}

function hold(desired: DesiredMachine, because: string): MachineDecision {
  return decision({
    state: desired.state,
    emptySince: desired.emptySince,
    guards: [{ name: "kube_unreachable", subject: desired.nodeName, hint: because }],
    nextCheckInMs: UNSEEN_CHECK_MS,
  });
}

function end(observed: ObservedMachine, failure?: string): MachineDecision {
  return decision({
    state: "terminating",
    actions: observed.cloud === "stopping" ? [] : [{ kind: "terminate" }],
    failure,
    nextCheckInMs: BUSY_CHECK_MS,
  });
}

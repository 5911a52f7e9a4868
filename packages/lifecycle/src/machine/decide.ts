import type { Guard } from "@berth/domain";
import { decideJoin } from "./decide-join.ts";
import { decideWithoutKube } from "./decide-without-kube.ts";
import { recordOffer } from "./record-offer.ts";
import {
  BUSY_CHECK_MS,
  decision,
  endedByCloud,
  isGone,
  isInDoubt,
  isLate,
  UNSEEN_GRACE_MS,
  unseenGuards,
} from "./rules.ts";
import type { DesiredMachine, MachineAction, MachineDecision, ObservedKube, ObservedMachine } from "./types.ts";

/** After the cordon, how long placements that were under way may still arrive before the machine goes. */
const DRAIN_SETTLE_MS = 10_000;
const RESTING_CHECK_MS = 60_000;

/** A look at both sides. */
type Seen = Omit<ObservedMachine, "kube"> & ObservedKube;

/**
 * What to do next with one machine: launch, let it join, use it, let it go when empty.
 *
 * Pure. Launches are attempts with a token each; only one request of this machine's own token and node name is approved.
 * A machine goes only when no pod is bound to it or on the way to it, seen after the cordon.
 */
export function decideMachine(desired: DesiredMachine, observed: ObservedMachine, now: number): MachineDecision {
  const { kube } = observed;
  const decided =
    kube === "unknown" ? decideWithoutKube(desired, observed, now) : decideSeen(desired, { ...observed, ...kube }, now);
  if (observed.cloud !== "unknown") return decided;
  const hint = "EC2 cannot be asked; what depends on it waits.";
  return { ...decided, guards: [...decided.guards, { name: "cloud_unreachable", subject: desired.nodeName, hint }] };
}

function decideSeen(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  switch (desired.state) {
    case "planned":
    case "launching":
      return decideLaunch(desired, observed, now);
    case "booting":
      return decideBoot(desired, observed, now);
    case "ready":
      return decideReady(desired, observed, now);
    case "draining":
      return decideDraining(desired, observed, now);
    case "terminating":
      return decideTerminating(desired, observed, now);
    case "terminated":
    case "failed":
      return decision({ state: desired.state, actions: cleanUp(observed), nextCheckInMs: undefined });
  }
}

function decideLaunch(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  if (desired.cloudInstanceId !== undefined) return decision({ state: "booting", nextCheckInMs: 0 });
  if (desired.launch?.outcome === "refused") {
    if (desired.alternatives === 0) {
      return decision({
        state: "failed",
        actions: cleanUp(observed),
        failure: "No offering of the pool that holds the planned instances has capacity.",
        nextCheckInMs: undefined,
      });
    }
    // The next attempt has a token of its own; nobody would remember this one.
    return decision({
      state: "launching",
      actions: [...removeToken(observed), { kind: "open_attempt", attempt: desired.attempt + 1 }],
      nextCheckInMs: 0,
    });
  }
  if (desired.launch === undefined) {
    return decision({
      state: "launching",
      actions: [{ kind: "open_attempt", attempt: Math.max(1, desired.attempt) }],
      nextCheckInMs: 0,
    });
  }
  // A request that EC2 never takes is not repeated for ever: the pool may have been put right meanwhile.
  if (isInDoubt(desired, now) && observed.cloud !== "unknown") {
    const instanceId = observed.launchedInstanceId;
    return instanceId === undefined
      ? decision({
          state: "failed",
          actions: cleanUp(observed),
          failure: "EC2 did not take the launch within 15 minutes.",
          nextCheckInMs: undefined,
        })
      : decision({ state: "booting", actions: [{ kind: "adopt_instance", instanceId }], nextCheckInMs: 0 });
  }
  return decision({
    state: "launching",
    actions: [{ kind: "put_bootstrap_token" }, { kind: "launch" }],
    nextCheckInMs: BUSY_CHECK_MS,
  });
}

function decideBoot(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  if (endedByCloud(desired, observed)) {
    return decision({
      state: "terminating",
      actions: [{ kind: "terminate" }, ...cleanUp(observed)],
      failure: "EC2 ended the instance before it joined.",
      nextCheckInMs: BUSY_CHECK_MS,
    });
  }
  if (observed.node?.ready === true) {
    return decision({
      state: "ready",
      actions: [
        { kind: "settle_node", uid: observed.node.uid },
        ...recordOffer(desired, observed.node),
        ...removeToken(observed),
      ],
      nextCheckInMs: RESTING_CHECK_MS,
    });
  }
  if (isLate(desired.launchedAt ?? desired.createdAt, now)) {
    // It was ready between two looks, and is in use: whatever its kubelet says just now, it has joined.
    if (observed.boundPods > 0) return decision({ state: "ready", nextCheckInMs: 0 });
    return decision({
      state: "terminating",
      actions: [{ kind: "terminate" }, ...cleanUp(observed)],
      failure: "The machine did not join within 15 minutes.",
      nextCheckInMs: BUSY_CHECK_MS,
    });
  }
  const { actions, guards } = decideJoin(desired, observed);
  if (observed.node !== undefined) {
    // It has its certificate: from here on the token could only serve somebody else.
    actions.push(...removeToken(observed));
  } else if (observed.tokenSecret === undefined && !observed.requests.some(({ state }) => state === "issued")) {
    // A restart of the control plane may have lost the Secret while the token is still needed.
    actions.push({ kind: "put_bootstrap_token" });
  }
  guards.push({
    name: observed.node === undefined ? "waiting_for_join" : "waiting_for_node_ready",
    subject: desired.nodeName,
    hint:
      observed.node === undefined
        ? `EC2 says ${observed.cloud}; the machine has not registered its node yet.`
        : "The node registered and is not Ready yet.",
  });
  return decision({ state: "booting", actions, guards, nextCheckInMs: BUSY_CHECK_MS });
}

function decideReady(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  // Its operator took the Node away: that is the word that the machine is gone. When the Node is back, so is the row.
  if (desired.brought && observed.node === undefined)
    return decision({ state: "terminated", nextCheckInMs: undefined });
  if (endedByCloud(desired, observed)) {
    return decision({
      state: "terminating",
      actions: [...deleteNode(observed), { kind: "terminate" }],
      failure: "EC2 ended the instance.",
      nextCheckInMs: BUSY_CHECK_MS,
    });
  }
  const actions: MachineAction[] = [];
  const guards: Omit<Guard, "since">[] = [];
  // EC2 forgets an instance about an hour after its end. One look that finds nothing proves nothing: many in a row, with a
  // kubelet that is silent too, do.
  if (observed.node?.ready !== true) {
    const unseen = !desired.brought && observed.cloud === "absent";
    if (unseen && now - (desired.unseenSince ?? now) > UNSEEN_GRACE_MS) {
      return decision({
        state: "terminating",
        actions: [...deleteNode(observed), { kind: "terminate" }],
        failure: "EC2 has not listed the instance for an hour.",
        nextCheckInMs: BUSY_CHECK_MS,
      });
    }
    guards.push(...unseenGuards(desired, observed));
  }
  if (observed.node === undefined || !observed.node.ready) {
    guards.push({
      name: "node_not_ready",
      subject: desired.nodeName,
      hint: "The kubelet does not report; nothing new is placed here.",
    });
  } else {
    if (!observed.node.settled) actions.push({ kind: "settle_node", uid: observed.node.uid });
    actions.push(...recordOffer(desired, observed.node));
  }
  if (observed.pods > 0 || desired.brought || desired.expected > 0)
    return decision({ state: "ready", actions, guards, nextCheckInMs: RESTING_CHECK_MS });

  const emptySince = desired.emptySince ?? now;
  const left = emptySince + desired.emptyAfterMs - now;
  // One that cannot be ended is more use as it is.
  if (left <= 0 && observed.cloud === "unknown") {
    return decision({ state: "ready", actions, guards, emptySince, nextCheckInMs: RESTING_CHECK_MS });
  }
  if (left > 0) {
    guards.push({
      name: "empty",
      subject: desired.nodeName,
      hint: `Goes at ${new Date(emptySince + desired.emptyAfterMs).toISOString()} unless something is placed here.`,
    });
    return decision({
      state: "ready",
      actions,
      guards,
      emptySince,
      nextCheckInMs: Math.min(Math.max(left, BUSY_CHECK_MS), RESTING_CHECK_MS),
    });
  }
  return decision({
    state: "draining",
    // Without a Node nothing can be bound to it: there is nothing to cordon.
    actions: observed.node === undefined ? [] : [{ kind: "cordon", uid: observed.node.uid }],
    emptySince: now,
    nextCheckInMs: DRAIN_SETTLE_MS,
  });
}

function decideDraining(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  if (observed.pods > 0 || desired.expected > 0) {
    const actions: MachineAction[] =
      observed.node?.cordoned === true ? [{ kind: "uncordon", uid: observed.node.uid }] : [];
    return decision({ state: "ready", actions, nextCheckInMs: RESTING_CHECK_MS });
  }
  const since = desired.emptySince ?? now;
  if (now - since < DRAIN_SETTLE_MS) {
    return decision({ state: "draining", emptySince: since, nextCheckInMs: DRAIN_SETTLE_MS - (now - since) });
  }
  return decision({
    state: "terminating",
    actions: [{ kind: "terminate" }, ...deleteNode(observed)],
    nextCheckInMs: BUSY_CHECK_MS,
  });
}

function decideTerminating(desired: DesiredMachine, observed: Seen, now: number): MachineDecision {
  if (isGone(desired, observed, now)) {
    return decision({
      state: desired.cloudInstanceId === undefined ? "failed" : "terminated",
      actions: cleanUp(observed),
      nextCheckInMs: undefined,
    });
  }
  // Not found is no proof of the end: ask again until it is seen terminated.
  return decision({
    state: "terminating",
    actions: observed.cloud === "stopping" ? cleanUp(observed) : [{ kind: "terminate" }, ...cleanUp(observed)],
    guards: [{ name: "waiting_for_termination", subject: desired.nodeName, hint: `EC2 says ${observed.cloud}.` }],
    nextCheckInMs: BUSY_CHECK_MS,
  });
}

function cleanUp(observed: Seen): MachineAction[] {
  return [...deleteNode(observed), ...removeToken(observed)];
}

function deleteNode(observed: Seen): MachineAction[] {
  return observed.node === undefined ? [] : [{ kind: "delete_node", uid: observed.node.uid }];
}

function removeToken(observed: Seen): MachineAction[] {
  return observed.tokenSecret === undefined ? [] : [{ kind: "delete_bootstrap_token", uid: observed.tokenSecret.uid }];
}

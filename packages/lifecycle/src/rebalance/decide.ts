import { type Guard, isRebalanceOver, type RebalancePlanState } from "@berth/domain";
import type {
  LaunchProgress,
  MoveProgress,
  RebalanceAction,
  RebalanceDecision,
  RebalanceProgress,
  RemovalProgress,
} from "./types.ts";

const HOUR_MS = 3_600_000;
const BUSY_CHECK_MS = 1_000;
const HELD_CHECK_MS = 10_000;
const IDLE_CHECK_MS = 60_000;
/** An instance that is not back by then, with its cluster green, ends the plan: something is wrong, and nothing more moves. */
export const MOVE_TIMEOUT_MS = HOUR_MS;
/** So long beyond its hours a plan may be held before it is given up. */
export const PLAN_GRACE_MS = 24 * HOUR_MS;

/**
 * What to do next with one rebalance plan: one move at a time, each when the one before has its cluster green again.
 *
 * Pure. What was begun is brought to its end whatever became of the plan meanwhile; nothing is begun of one that is paused,
 * over, held, or that does not fit the fleet any more. A move that does not come back ends the plan: it is not gone on as if
 * nothing were.
 */
export function decideRebalance(progress: RebalanceProgress, now: number): RebalanceDecision {
  const moves = progress.steps.filter((step) => step.kind === "move");
  const underWay = moves.filter((move) => move.state === "moving");
  const actions = underWay.flatMap((move) => endingOf(move, progress.state));
  const away = underWay.filter((move) => move.seen === "away");
  const missed = underWay.find((move) => move.seen === "elsewhere");
  const late = away.find((move) => now - (move.startedAt ?? now) > MOVE_TIMEOUT_MS);
  const isOver = isRebalanceOver(progress.state);
  const stay = (guards: RebalanceDecision["guards"], nextCheckInMs: number | undefined): RebalanceDecision => ({
    state: progress.state,
    reason: undefined,
    guards,
    actions,
    nextCheckInMs,
  });
  const end = (state: RebalancePlanState, reason: string): RebalanceDecision => ({
    state,
    reason,
    guards: [],
    actions,
    nextCheckInMs: away.length > 0 ? BUSY_CHECK_MS : undefined,
  });

  if (isOver) return stay([], underWay.length > 0 ? BUSY_CHECK_MS : undefined);
  if (missed !== undefined) return end("superseded", `${missed.instanceId} came to run on another node than planned.`);
  if (late !== undefined) {
    return end("failed", `${late.instanceId} was not back with its cluster green an hour after it was moved.`);
  }
  if (underWay.length > 0) return stay(away.map(awayGuard), BUSY_CHECK_MS);
  if (progress.state === "paused" || progress.state === "proposed") return stay([], undefined);
  if (progress.misfit !== undefined) return end("superseded", `The fleet is another by now: ${progress.misfit}`);
  if (progress.heldBy.length > 0) return stay(progress.heldBy, IDLE_CHECK_MS);
  const startedAt = progress.startedAt ?? now;
  if (now - startedAt > progress.hours * HOUR_MS + PLAN_GRACE_MS) {
    return end("superseded", "It was held for longer than a day.");
  }
  return advance(progress, startedAt, now);
}

/** What a move that was begun comes to. */
function endingOf(move: MoveProgress, state: RebalancePlanState): RebalanceAction[] {
  switch (move.seen) {
    case "away":
      return [];
    case "arrived":
      return [{ kind: "end_move", step: move.step, state: "moved" }];
    case "elsewhere":
      return [{ kind: "end_move", step: move.step, state: "missed" }];
    case "gone":
      return [{ kind: "end_move", step: move.step, state: "skipped" }];
    case "as_was":
      // Its pod was never deleted: begun once more while the plan runs, and given up where it does not.
      return state === "running"
        ? [{ kind: "repeat_move", step: move.step }]
        : [{ kind: "end_move", step: move.step, state: "planned" }];
  }
}

function awayGuard({ instanceId }: MoveProgress): Omit<Guard, "since"> {
  const hint = "It is on its way, or its cluster is not green again yet; nothing else is moved before.";
  return { name: "waiting_for_instance", subject: instanceId, hint };
}

/** The first step that is not done decides. */
function advance(progress: RebalanceProgress, startedAt: number, now: number): RebalanceDecision {
  const skipped = progress.steps.flatMap((step): RebalanceAction[] =>
    step.kind === "move" && step.state === "planned" && step.seen === "gone"
      ? [{ kind: "end_move", step: step.step, state: "skipped" }]
      : [],
  );
  const running = (
    guards: RebalanceDecision["guards"],
    nextCheckInMs: number,
    actions: readonly RebalanceAction[] = [],
  ): RebalanceDecision => ({
    state: "running",
    reason: undefined,
    guards,
    actions: [...skipped, ...actions],
    nextCheckInMs,
  });
  const next = progress.steps.find((step) => !isDone(step));
  if (next === undefined) {
    return { state: "succeeded", reason: undefined, guards: [], actions: skipped, nextCheckInMs: undefined };
  }
  const beginsAt = startedAt + next.hour * HOUR_MS;
  if (beginsAt > now) {
    const hint = `Its next moves begin at ${new Date(beginsAt).toISOString()}: only so many nodes are emptied in an hour.`;
    return running(
      [{ name: "waiting_for_hour", subject: subjectOf(next), hint }],
      Math.min(beginsAt - now, IDLE_CHECK_MS),
    );
  }
  const ofRound = progress.steps.filter((step) => step.round === next.round && !isDone(step));
  switch (next.kind) {
    case "launch": {
      const launches = ofRound.filter((step) => step.kind === "launch");
      const gone = launches.find((one) => one.machineState === "gone");
      if (gone !== undefined) {
        const reason = `The machine that it launched for ${gone.machine} never came, or went again.`;
        return { state: "superseded", reason, guards: [], actions: skipped, nextCheckInMs: undefined };
      }
      const missing = launches.filter((one) => one.machineState === "missing").map(({ machine }) => machine);
      if (missing.length > 0) return running([], BUSY_CHECK_MS, [{ kind: "launch_machines", machines: missing }]);
      return running(launches.map(machineGuard), BUSY_CHECK_MS);
    }
    case "move": {
      const steps = ofRound.flatMap((step) => (step.kind === "move" ? [step.step] : []));
      return running([], BUSY_CHECK_MS, [{ kind: "begin_one", steps }]);
    }
    case "remove":
      return running(
        ofRound.flatMap((step) => (step.kind === "remove" ? [removalGuard(step)] : [])),
        HELD_CHECK_MS,
      );
  }
}

function isDone(step: LaunchProgress | MoveProgress | RemovalProgress): boolean {
  switch (step.kind) {
    case "launch":
      return step.machineState === "ready";
    case "move":
      return step.state !== "planned" || step.seen === "gone";
    case "remove":
      return !step.isThere;
  }
}

function subjectOf(step: LaunchProgress | MoveProgress | RemovalProgress): string {
  return step.kind === "launch" ? step.machine : step.kind === "move" ? step.instanceId : step.node;
}

function machineGuard({ machine }: LaunchProgress): Omit<Guard, "since"> {
  return {
    name: "waiting_for_machine",
    subject: machine,
    hint: "It was launched for the plan and has not joined yet.",
  };
}

function removalGuard({ node }: RemovalProgress): Omit<Guard, "since"> {
  const hint = "Nothing of ours is left on it; it goes once it has been empty for as long as its pool says.";
  return { name: "waiting_for_removal", subject: node, hint };
}

import type { Guard, RebalanceMoveState, RebalancePlanState } from "@berth/domain";

/** When a step of a plan may begin: so many hours after the plan does, and when the round before is over. */
interface StepTime {
  readonly hour: number;
  readonly round: number;
}

export interface LaunchProgress extends StepTime {
  readonly kind: "launch";
  /** Its name in the plan. */
  readonly machine: string;
  /** missing: nothing was done for it; gone: it failed, or was ended. */
  readonly machineState: "missing" | "coming" | "ready" | "gone";
}

export interface MoveProgress extends StepTime {
  readonly kind: "move";
  /** Index of the step in the plan. */
  readonly step: number;
  readonly instanceId: string;
  readonly state: RebalanceMoveState;
  readonly startedAt: number | undefined;
  /**
   * as_was: its pod of before runs on; away: it is on its way, or its cluster is not green yet; arrived: it runs where it was
   * to go, and its cluster is green; elsewhere: it runs, on another node; gone: nobody wants it any more.
   */
  readonly seen: "as_was" | "away" | "arrived" | "elsewhere" | "gone";
}

export interface RemovalProgress extends StepTime {
  readonly kind: "remove";
  readonly node: string;
  readonly isThere: boolean;
}

/** A plan as it is to be, and what a fresh look found of it. */
export interface RebalanceProgress {
  readonly state: RebalancePlanState;
  readonly startedAt: number | undefined;
  /** Over how many hours the plan is spread. */
  readonly hours: number;
  /** In the plan's order. */
  readonly steps: readonly (LaunchProgress | MoveProgress | RemovalProgress)[];
  /** What holds back every step, whatever the plan says. */
  readonly heldBy: readonly Omit<Guard, "since">[];
  /** Why what is left of the plan does not fit the fleet any more; undefined while it does. */
  readonly misfit: string | undefined;
}

export type RebalanceAction =
  | { readonly kind: "launch_machines"; readonly machines: readonly string[] }
  /** The first of these that may: each takes a fresh look of its own at its cluster, and may be held. */
  | { readonly kind: "begin_one"; readonly steps: readonly number[] }
  /** Its place is reserved, and its pod still is where it was. */
  | { readonly kind: "repeat_move"; readonly step: number }
  | { readonly kind: "end_move"; readonly step: number; readonly state: "planned" | "moved" | "skipped" | "missed" };

export interface RebalanceDecision {
  readonly state: RebalancePlanState;
  /** Of a plan that has ended. */
  readonly reason: string | undefined;
  readonly guards: readonly Omit<Guard, "since">[];
  readonly actions: readonly RebalanceAction[];
  /** Undefined: nothing of it wants another look. */
  readonly nextCheckInMs: number | undefined;
}

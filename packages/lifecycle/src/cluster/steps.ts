import type { InstanceState } from "@berth/domain";
import type { DesiredCluster, ObservedCluster, StepUpdate } from "./types.ts";

/** How far a cluster is on its way up. */
interface Progress {
  /** How many instances have their volume, or none yet that could be missing. */
  readonly kept: number;
  readonly instances: readonly { readonly state: InstanceState }[];
  /** What the engine says now, if it is this cluster's. */
  readonly uuid: string | undefined;
  readonly usersDone: boolean;
  /** Every instance is a ready member, users are set, health is green. */
  readonly complete: boolean;
}

/** The steps of the running operation that have begun. */
export function stepsOf(desired: DesiredCluster, observed: ObservedCluster, progress: Progress): StepUpdate[] {
  switch (desired.operation?.kind) {
    case "cluster.create":
      return stepsUp(desired, observed, progress);
    case "cluster.restore":
      return [volumesStep(progress), ...stepsUp(desired, observed, progress)];
    default:
      return userSteps(progress.usersDone);
  }
}

/** A volume that was replaced is none that was kept; a cluster that is whole all the same has copied its data. */
function volumesStep({ kept, instances, complete }: Progress): StepUpdate {
  const done = kept === instances.length || complete;
  return {
    name: "volumes",
    state: done ? "succeeded" : "running",
    message: `${kept} of ${instances.length} volumes kept`,
  };
}

function stepsUp(desired: DesiredCluster, observed: ObservedCluster, progress: Progress): StepUpdate[] {
  const { instances, uuid, complete } = progress;
  const total = instances.length;
  const count = (...states: readonly InstanceState[]) => instances.filter((one) => states.includes(one.state)).length;
  const applied = observed.anchor !== undefined && observed.objects !== "outdated";
  const placed = count("placed", "starting", "running");
  const bound = count("starting", "running");
  const running = count("running");
  // A restored cluster's users are in the engine, and nobody can use them before it is there.
  const usersDone = progress.usersDone && uuid !== undefined;
  const step = (name: string, done: boolean, begun: boolean, message: string): StepUpdate[] =>
    done ? [{ name, state: "succeeded", message }] : begun ? [{ name, state: "running", message }] : [];
  return [
    ...step("objects", applied, true, applied ? `namespace ${desired.namespace}` : "applying Kubernetes objects"),
    ...step("placement", placed === total, applied, `${placed} of ${total} instances placed`),
    ...step("machines", bound === total, placed > 0, `${bound} of ${total} pods bound to their node`),
    ...step("pods", running === total, bound > 0, `${running} of ${total} instances ready`),
    ...step("formation", uuid !== undefined, running > 0, uuid === undefined ? "electing a master" : `cluster ${uuid}`),
    ...step("users", usersDone, uuid !== undefined, usersDone ? "credential active" : "setting the credential"),
    ...step("health", complete, usersDone, complete ? "green" : "waiting for green"),
  ];
}

function userSteps(done: boolean): StepUpdate[] {
  return [
    { name: "users", state: done ? "succeeded" : "running", message: done ? "done" : "setting users in the engine" },
  ];
}

import type { RebalancePlanState } from "@berth/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideRebalance, MOVE_TIMEOUT_MS, PLAN_GRACE_MS } from "./decide.ts";
import type { LaunchProgress, MoveProgress, RebalanceProgress, RemovalProgress } from "./types.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const HOUR = 3_600_000;
const move = (step: number, over: Partial<MoveProgress> = {}): MoveProgress => ({
  kind: "move",
  hour: 0,
  round: step,
  step,
  instanceId: `ins_${step}`,
  state: "planned",
  startedAt: undefined,
  seen: "as_was",
  ...over,
});
const removal = (over: Partial<RemovalProgress> = {}): RemovalProgress => ({
  kind: "remove",
  hour: 0,
  round: 9,
  node: "n1",
  isThere: true,
  ...over,
});
const launch = (machineState: LaunchProgress["machineState"]): LaunchProgress => ({
  kind: "launch",
  hour: 0,
  round: 0,
  machine: "machine-0",
  machineState,
});
const decide = (over: Partial<RebalanceProgress>, now = NOW) =>
  decideRebalance(
    {
      state: "running",
      startedAt: NOW,
      hours: 1,
      steps: [move(1), move(2), removal()],
      heldBy: [],
      misfit: undefined,
      ...over,
    },
    now,
  );
const moving = (over: Partial<MoveProgress> = {}) => move(1, { state: "moving", startedAt: NOW, ...over });

describe("the next step of a rebalance plan", () => {
  it("an approved one begins with its first move, and with no other", () => {
    expect(decide({ state: "approved", startedAt: undefined })).toMatchObject({
      state: "running",
      actions: [{ kind: "begin_one", steps: [1] }],
    });
  });

  it("nothing begins while an instance is away: one at a time", () => {
    const decision = decide({ steps: [moving({ seen: "away" }), move(2), removal()] });
    expect(decision).toMatchObject({ state: "running", actions: [], guards: [{ name: "waiting_for_instance" }] });
  });

  it("the next one begins at the look after the last has arrived", () => {
    const steps = [moving({ seen: "arrived" }), move(2), removal()];
    expect(decide({ steps }).actions).toEqual([{ kind: "end_move", step: 1, state: "moved" }]);
    expect(decide({ steps: [move(1, { state: "moved" }), move(2), removal()] }).actions).toEqual([
      { kind: "begin_one", steps: [2] },
    ]);
  });

  it("of a round that has several, any that may begins", () => {
    const steps = [move(1, { round: 1 }), move(2, { round: 1 }), removal()];
    expect(decide({ steps }).actions).toEqual([{ kind: "begin_one", steps: [1, 2] }]);
  });

  it("a move whose pod was never deleted is repeated while the plan runs, and given up where it does not", () => {
    const steps = [moving({ seen: "as_was" }), removal()];
    expect(decide({ steps }).actions).toEqual([{ kind: "repeat_move", step: 1 }]);
    for (const state of ["paused", "cancelled"] as const) {
      expect(decide({ steps, state }).actions).toEqual([{ kind: "end_move", step: 1, state: "planned" }]);
    }
  });

  it.each(["paused", "cancelled", "failed", "superseded"] as const)(
    "one that is %s brings to its end what was begun, and begins nothing",
    (state) => {
      const away = decide({ state, steps: [moving({ seen: "away" }), move(2), removal()] });
      expect(away).toMatchObject({ state, actions: [] });
      expect(away.nextCheckInMs).toBeGreaterThan(0);
      const arrived = decide({ state, steps: [moving({ seen: "arrived" }), move(2), removal()] });
      expect(arrived.actions).toEqual([{ kind: "end_move", step: 1, state: "moved" }]);
      expect(decide({ state }).actions).toEqual([]);
    },
  );

  it("what does not fit the fleet any more is given up, with the reason", () => {
    expect(decide({ misfit: "capacity: n2" })).toMatchObject({
      state: "superseded",
      reason: "The fleet is another by now: capacity: n2",
      actions: [],
    });
  });

  it("what holds every plan back is shown with it, and begins nothing", () => {
    const guard = { name: "safe_drain_missing", subject: "kub_1", hint: "not yet" };
    expect(decide({ state: "approved", heldBy: [guard] })).toMatchObject({
      state: "approved",
      guards: [guard],
      actions: [],
    });
  });

  it("an instance that came to run elsewhere ends the plan, and one that does not come back fails it", () => {
    expect(decide({ steps: [moving({ seen: "elsewhere" }), move(2)] })).toMatchObject({
      state: "superseded",
      actions: [{ kind: "end_move", step: 1, state: "missed" }],
    });
    const steps = [moving({ seen: "away" }), move(2)];
    expect(decide({ steps }, NOW + MOVE_TIMEOUT_MS).state).toBe("running");
    expect(decide({ steps }, NOW + MOVE_TIMEOUT_MS + 1)).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("ins_1"),
      actions: [],
    });
  });

  it("an instance that nobody wants any more is passed over", () => {
    const decision = decide({ steps: [move(1, { seen: "gone" }), move(2), removal()] });
    expect(decision.actions).toEqual([
      { kind: "end_move", step: 1, state: "skipped" },
      { kind: "begin_one", steps: [2] },
    ]);
  });

  it("a later hour's moves wait for it, by name and with the time", () => {
    const steps = [move(1, { state: "moved" }), move(2, { hour: 1 })];
    const early = decide({ steps }, NOW + HOUR - 1);
    expect(early).toMatchObject({ actions: [], guards: [{ name: "waiting_for_hour", subject: "ins_2" }] });
    expect(early.guards[0]?.hint).toContain("2026-11-28T13:00:00.000Z");
    expect(decide({ steps }, NOW + HOUR).actions).toEqual([{ kind: "begin_one", steps: [2] }]);
  });

  it("its machines are launched first, waited for, and one that never comes ends it", () => {
    const steps = (state: LaunchProgress["machineState"]) => ({ steps: [launch(state), move(1)] });
    expect(decide(steps("missing")).actions).toEqual([{ kind: "launch_machines", machines: ["machine-0"] }]);
    expect(decide(steps("coming"))).toMatchObject({ actions: [], guards: [{ name: "waiting_for_machine" }] });
    expect(decide(steps("ready")).actions).toEqual([{ kind: "begin_one", steps: [1] }]);
    expect(decide(steps("gone")).state).toBe("superseded");
  });

  it("it has succeeded when its nodes are gone, and not before", () => {
    const moved = [move(1, { state: "moved" })];
    expect(decide({ steps: [...moved, removal()] })).toMatchObject({
      state: "running",
      guards: [{ name: "waiting_for_removal", subject: "n1" }],
    });
    expect(decide({ steps: [...moved, removal({ isThere: false })] }).state).toBe("succeeded");
  });

  it("one that is held for a day beyond its hours is given up", () => {
    expect(decide({}, NOW + HOUR + PLAN_GRACE_MS).state).toBe("running");
    expect(decide({}, NOW + HOUR + PLAN_GRACE_MS + 1).state).toBe("superseded");
  });

  it("never begins a move while another is away, whatever is seen, nor of a plan that does not run", () => {
    const states: RebalancePlanState[] = [
      "proposed",
      "approved",
      "running",
      "paused",
      "succeeded",
      "cancelled",
      "failed",
    ];
    const seen = fc.constantFrom("as_was", "away", "arrived", "elsewhere", "gone") as fc.Arbitrary<
      MoveProgress["seen"]
    >;
    const moveState = fc.constantFrom("planned", "moving", "moved", "skipped", "missed") as fc.Arbitrary<
      MoveProgress["state"]
    >;
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.array(fc.tuple(moveState, seen), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (state, drawn, fits) => {
          const steps = drawn.map(([moveStates, look], index) =>
            move(index, { state: moveStates, seen: look, startedAt: NOW }),
          );
          const decision = decide({ state, steps, misfit: fits ? undefined : "no" });
          const begins = decision.actions.some((one) => one.kind === "begin_one");
          if (!begins) return;
          expect(steps.some((one) => one.state === "moving")).toBe(false);
          expect(["approved", "running"]).toContain(state);
          expect(fits).toBe(true);
        },
      ),
    );
  });
});

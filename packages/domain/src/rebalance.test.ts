import { describe, expect, it } from "vitest";
import { afterAct, isRebalanceOver, REBALANCE_ACTS, REBALANCE_PLAN_STATES } from "./rebalance.ts";

describe("what an operator may do with a rebalance plan", () => {
  it.each([
    ["approve", "proposed", "approved"],
    ["pause", "running", "paused"],
    ["pause", "approved", "paused"],
    ["resume", "paused", "approved"],
    ["cancel", "proposed", "cancelled"],
    ["cancel", "running", "cancelled"],
  ] as const)("%s of one that is %s makes it %s", (act, state, next) => {
    expect(afterAct(act, state)).toEqual({ ok: true, value: next });
  });

  it("is refused where there is nothing to do it to: a proposal is neither paused nor resumed, a paused one not approved", () => {
    for (const [act, state] of [
      ["pause", "proposed"],
      ["resume", "proposed"],
      ["approve", "paused"],
    ] as const) {
      expect(afterAct(act, state)).toEqual({ ok: false, error: { kind: "act_not_allowed", act, state } });
    }
  });

  it("brings none back that is over, and doing it twice is doing it once", () => {
    for (const act of REBALANCE_ACTS) {
      for (const state of REBALANCE_PLAN_STATES) {
        const next = afterAct(act, state);
        if (isRebalanceOver(state)) expect(next.ok && next.value !== state).toBe(false);
        if (next.ok) expect(afterAct(act, next.value)).toEqual(next);
      }
    }
  });
});

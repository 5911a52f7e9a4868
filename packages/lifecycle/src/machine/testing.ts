import type { DesiredMachine } from "./types.ts";

export const NOW = 1_800_000_000_000;

/** A machine as its row is first written; what a test is about is given. */
export function aMachine(over: Partial<DesiredMachine> = {}): DesiredMachine {
  return {
    state: "planned",
    nodeName: "mac-1",
    attempt: 0,
    launch: undefined,
    alternatives: 1,
    cloudInstanceId: undefined,
    createdAt: NOW,
    launchedAt: undefined,
    emptySince: undefined,
    terminatingAt: undefined,
    unseenSince: undefined,
    emptyAfterMs: 60_000,
    allocatable: { cpuMilli: 1500, memoryMib: 6000 },
    estimate: undefined,
    placed: 0,
    expected: 0,
    brought: false,
    ...over,
  };
}

/** What a decision does, in order. */
export function kinds(decision: { readonly actions: readonly { readonly kind: string }[] }): string[] {
  return decision.actions.map((action) => action.kind);
}

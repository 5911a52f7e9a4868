import { type CommittedFleet, hourOfFleet, likeCommitments } from "./hour-of-fleet.ts";

/** One machine of the committed region. */
export interface ChangedMachine {
  readonly zone: string;
  readonly machineType: string;
  readonly microUsdPerHour: number;
}

/**
 * What a fleet costs less an hour, in nano-dollars, once machines are launched and removed: by the exact bill, in which what a
 * removed machine leaves of a commitment saves nothing unless something else uses it. Negative where it costs more.
 */
export function savingOfChange(
  committed: CommittedFleet,
  change: { readonly launched: readonly ChangedMachine[]; readonly removed: readonly ChangedMachine[] },
  nowMs: number,
): bigint {
  const { region, rateBooks } = committed;
  const commitments = likeCommitments(committed.commitments, nowMs);
  const running = new Map(committed.running.map((one) => [keyOf(one), one]));
  const add = (machine: ChangedMachine, count: number) => {
    const one = { ...machine, region };
    const known = running.get(keyOf(one));
    running.set(keyOf(one), { ...(known ?? one), count: Math.max(0, (known?.count ?? 0) + count) });
  };
  const onDemand = () => {
    const machines = [...running.values()].filter(({ count }) => count > 0);
    return hourOfFleet(machines, commitments, rateBooks, nowMs).totals.onDemandNanoUsd;
  };
  // What is committed to is paid either way.
  const before = onDemand();
  for (const machine of change.launched) add(machine, 1);
  for (const machine of change.removed) add(machine, -1);
  return before - onDemand();
}

function keyOf(one: { readonly region: string; readonly zone: string; readonly machineType: string }): string {
  return `${one.region} ${one.zone} ${one.machineType}`;
}

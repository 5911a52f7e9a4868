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
  const priceOf = pricesOf(committed, change);
  const running = new Map(committed.running.map((one) => [keyOf(one), one]));
  const add = (machine: ChangedMachine, count: number) => {
    const one = { ...machine, region };
    const known = running.get(keyOf(one));
    running.set(keyOf(one), { ...(known ?? one), count: Math.max(0, (known?.count ?? 0) + count) });
  };
  const onDemand = () => {
    const machines = [...running.values()]
      .filter(({ count }) => count > 0)
      .map((one) => ({ ...one, microUsdPerHour: priceOf.get(typeOf(one)) ?? one.microUsdPerHour }));
    return hourOfFleet(machines, commitments, rateBooks, nowMs).totals.onDemandNanoUsd;
  };
  // What is committed to is paid either way.
  const before = onDemand();
  for (const machine of change.launched) add(machine, 1);
  for (const machine of change.removed) add(machine, -1);
  return before - onDemand();
}

/**
 * One price of each type, before the change and after it, as AWS bills machines of a type alike. Records have what each cost when it
 * was launched: what is launched now has the price of now, and of others the highest stands.
 */
function pricesOf(
  { region, running }: CommittedFleet,
  { launched, removed }: Parameters<typeof savingOfChange>[1],
): ReadonlyMap<string, number> {
  const prices = new Map<string, number>();
  for (const one of [...running, ...removed.map((machine) => ({ ...machine, region }))])
    prices.set(typeOf(one), Math.max(prices.get(typeOf(one)) ?? 0, one.microUsdPerHour));
  for (const machine of launched) prices.set(typeOf({ ...machine, region }), machine.microUsdPerHour);
  return prices;
}

function typeOf(one: { readonly region: string; readonly machineType: string }): string {
  return `${one.region} ${one.machineType}`;
}

function keyOf(one: { readonly region: string; readonly zone: string; readonly machineType: string }): string {
  return `${one.region} ${one.zone} ${one.machineType}`;
}

import type { MachineHours } from "../bill/bill-case.ts";
import type { FleetHistory, MachineRun } from "./fleet-history.ts";

export const HOUR_MS = 3_600_000;

/** Whose machines they are, where nobody says: what is committed to is shared, so that it changes nothing. */
export const OUR_ACCOUNT = "ours";

type Place = Pick<MachineHours, "region" | "zone" | "machineType">;

/**
 * The runs as machines of each hour, those of a zone and type together: whole hours in ranges of the same count, and what of an
 * hour was run in part by its seconds, begun ones whole. Takes O(runs x log runs).
 */
export function machineHours({
  runs,
  fromHour,
  hours,
}: Pick<FleetHistory, "runs" | "fromHour" | "hours">): MachineHours[] {
  const places = new Map<string, Tally>();
  const startMs = fromHour * HOUR_MS;
  const endMs = startMs + hours * HOUR_MS;
  for (const run of runs) {
    const from = Math.max(run.startedMs, startMs);
    const until = Math.min(run.endedMs ?? endMs, endMs);
    if (until <= from) continue;
    const key = JSON.stringify([run.region, run.zone, run.machineType]);
    const tally = places.get(key) ?? new Tally(run);
    places.set(key, tally);
    tally.add(from, until, run.count);
  }
  return [...places].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, tally]) => tally.machineHours());
}

/** The machines of one zone and type. */
class Tally {
  readonly #place: Place;
  /** By hour, how many more run the whole of it than of the hour before. */
  readonly #change = new Map<number, number>();
  /** By hour and seconds, how many run so many seconds of it. */
  readonly #parts = new Map<string, { readonly hour: number; readonly seconds: number; count: number }>();

  constructor({ region, zone, machineType }: MachineRun) {
    this.#place = { region, zone, machineType };
  }

  add(fromMs: number, untilMs: number, count: number): void {
    const firstWhole = Math.ceil(fromMs / HOUR_MS);
    const endOfWhole = Math.floor(untilMs / HOUR_MS);
    if (firstWhole > endOfWhole) {
      this.#addPart(endOfWhole, untilMs - fromMs, count);
      return;
    }
    this.#addPart(firstWhole - 1, firstWhole * HOUR_MS - fromMs, count);
    this.#addPart(endOfWhole, untilMs - endOfWhole * HOUR_MS, count);
    if (firstWhole === endOfWhole) return;
    this.#change.set(firstWhole, (this.#change.get(firstWhole) ?? 0) + count);
    this.#change.set(endOfWhole, (this.#change.get(endOfWhole) ?? 0) - count);
  }

  #addPart(hour: number, ms: number, count: number): void {
    if (ms <= 0) return;
    const seconds = Math.ceil(ms / 1_000);
    const key = `${hour} ${seconds}`;
    const part = this.#parts.get(key) ?? { hour, seconds, count: 0 };
    part.count += count;
    this.#parts.set(key, part);
  }

  machineHours(): MachineHours[] {
    const common = { ...this.#place, account: OUR_ACCOUNT, platform: "linux", tenancy: "default" } as const;
    const all: MachineHours[] = [];
    const cuts = [...this.#change].filter(([, change]) => change !== 0).toSorted(([a], [b]) => a - b);
    let count = 0;
    for (const [index, [hour, change]] of cuts.entries()) {
      count += change;
      const next = cuts[index + 1]?.[0];
      if (count > 0 && next !== undefined)
        all.push({ ...common, fromHour: hour, hours: next - hour, seconds: 3_600, count });
    }
    for (const { hour, seconds, count: machines } of this.#parts.values())
      all.push({ ...common, fromHour: hour, hours: 1, seconds, count: machines });
    return all;
  }
}

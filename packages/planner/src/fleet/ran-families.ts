import type { FleetHistory } from "./fleet-history.ts";
import { machineHours } from "./machine-hours.ts";
import { type FleetFamily, familiesOf, unitsOf } from "./plan-family.ts";

/** What ran of a region's families, hour by hour. */
export interface RanFamily {
  readonly family: FleetFamily;
  readonly hourlyUnits: readonly number[];
}

/** The families that ran and have a price on demand. */
export function ranFamilies(input: FleetHistory): RanFamily[] {
  return familiesOf(input.runs, input.prices).map((family) => ({ family, hourlyUnits: hourlyUnits(input, family) }));
}

/** What ran in the last hour, on demand. */
export function ranUsdPerHour(ran: readonly RanFamily[]): number {
  return (
    ran.reduce((sum, { family, hourlyUnits: units }) => sum + family.unitMicroUsdPerHour * (units.at(-1) ?? 0), 0) / 1e6
  );
}

/** Units of each hour, to three places. */
function hourlyUnits(input: FleetHistory, family: FleetFamily): number[] {
  const hourly = new Float64Array(input.hours);
  const runs = input.runs.filter((run) => run.region === family.region && family.isOf(run.machineType));
  for (const one of machineHours({ ...input, runs })) {
    const each = (one.seconds / 3_600) * one.count * unitsOf(family, one.machineType);
    for (let hour = one.fromHour; hour < one.fromHour + one.hours; hour++) {
      hourly[hour - input.fromHour] = (hourly[hour - input.fromHour] ?? 0) + each;
    }
  }
  return Array.from(hourly, (units) => Math.round(units * 1_000) / 1_000);
}

import { type CaseFaults, Fields, isRecord, readList } from "@berth/domain";
import { type DemandClass, HOURS, type Scenario, type Segment } from "../ladder/planning-case.ts";
import { forecast, type Outlook } from "./forecast.ts";

const MOST_SCENARIOS = 100;
const MOST_SEGMENTS = 730;
const MOST_WEIGHT = 1_000_000;
/** Five years. */
const MOST_HOURS = 43_800;
const MOST_UNITS = "1000000";

export interface DemandOptions {
  readonly demands: readonly DemandClass[];
  readonly months: number;
  /** What a unit of each demand costs, for how hours are grouped. */
  readonly worth: readonly number[];
  /** Of all months of all scenarios together. */
  readonly mostSegments: number;
}

/**
 * The demand of a case: `scenarios` as they are, or `history` (units of each demand, hour by hour, the oldest first) and the
 * `forecast` that is made of it. Faults go on the list.
 */
export function readDemand(
  top: Fields,
  { demands, months, worth, mostSegments }: DemandOptions,
  faults: CaseFaults,
): readonly Scenario[] {
  const names = demands.map(({ name }) => name);
  if (top.has("scenarios") === top.has("history")) {
    top.fault("scenarios", "must be given where history is not, and left out where it is");
    return [];
  }
  if (top.has("scenarios")) {
    if (top.has("forecast")) top.fault("forecast", "must be left out where scenarios are given");
    const read = (fields: Fields) => readScenario(fields, names, months, faults);
    const scenarios = readList(top.value("scenarios"), "scenarios", MOST_SCENARIOS, read, faults, "name");
    if (Array.isArray(top.value("scenarios")) && scenarios.length === 0) {
      top.fault("scenarios", "must have at least one entry");
    }
    const count = scenarios.reduce((sum, one) => sum + one.months.reduce((all, { length }) => all + length, 0), 0);
    if (count > mostSegments) top.fault("scenarios", tooMany(mostSegments, count));
    return scenarios;
  }
  const hourly = readHistory(top, names, faults);
  const options = top.value("forecast");
  if (!isRecord(options)) {
    top.fault("forecast", `must be an object${top.instead("forecast")}`);
    return [];
  }
  const fields = new Fields("forecast", options, faults);
  fields.only(["segments", "windowMonths", "scenarios"]);
  const outlooks = readList(
    fields.value("scenarios"),
    "forecast.scenarios",
    MOST_SCENARIOS,
    readOutlook,
    faults,
    "name",
  );
  if (Array.isArray(fields.value("scenarios")) && outlooks.length === 0) {
    fields.fault("scenarios", "must have at least one entry");
  }
  const segments = fields.has("segments") ? fields.whole("segments", 1, MOST_SEGMENTS) : 24;
  const windowMonths = fields.has("windowMonths") ? fields.whole("windowMonths", 1, 60) : 3;
  const count = outlooks.length * months * segments;
  if (count > mostSegments) fields.fault("segments", tooMany(mostSegments, count));
  return faults.any ? [] : forecast(hourly, outlooks, { months, segments, windowMonths, worth });
}

function tooMany(most: number, count: number): string {
  return `must be at most ${most} in all months and scenarios together, with so many families and choices of demands: ${count}`;
}

function readScenario(fields: Fields, names: readonly string[], months: number, faults: CaseFaults): Scenario {
  fields.only(["name", "weight", "months"]);
  const list = fields.list("months");
  if (Array.isArray(fields.value("months")) && list.length !== months) {
    fields.fault("months", `must be a list of ${months}, not of ${list.length}`);
  }
  return {
    name: fields.name("name"),
    weight: fields.has("weight") ? fields.whole("weight", 1, MOST_WEIGHT) : 1,
    months: list.map((month, m) => readMonth(month, `${fields.path}.months[${m}]`, names, faults)),
  };
}

function readMonth(month: unknown, path: string, names: readonly string[], faults: CaseFaults): readonly Segment[] {
  const segments = readList(
    month,
    path,
    MOST_SEGMENTS,
    (fields): Segment => {
      fields.only(["hours", "units"]);
      const hours = fields.whole("hours", 1, HOURS);
      const units = fields.value("units");
      if (!isRecord(units)) {
        fields.fault("units", `must be an object of demands and units${fields.instead("units")}`);
        return { hours, milliUnits: names.map(() => 0) };
      }
      const of = new Fields(`${fields.path}.units`, units, faults);
      of.only(names);
      return { hours, milliUnits: names.map((name) => Number(of.decimal(name, 3, "0", MOST_UNITS))) };
    },
    faults,
  );
  const hours = segments.reduce((sum, segment) => sum + segment.hours, 0);
  if (Array.isArray(month) && hours !== HOURS) faults.add(path, `must have ${HOURS} hours in all, not ${hours}`);
  return segments;
}

function readHistory(top: Fields, names: readonly string[], faults: CaseFaults): readonly Float64Array[] {
  const value = top.value("history");
  if (!isRecord(value)) {
    top.fault("history", `must be an object of demands, each with a list of hours${top.instead("history")}`);
    return [];
  }
  const fields = new Fields("history", value, faults);
  fields.only(names);
  const hourly = names.map((name) => {
    const list = fields.list(name);
    if (list.length > MOST_HOURS) fields.fault(name, `must have at most ${MOST_HOURS} hours, not ${list.length}`);
    return Float64Array.from(list.slice(0, MOST_HOURS), (_, h) => {
      const hour = new Fields(`history.${name}`, { [h]: list[h] }, faults);
      return Number(hour.decimal(String(h), 3, "0", MOST_UNITS));
    });
  });
  const hours = hourly[0]?.length ?? 0;
  if (hours < HOURS) fields.fault(names[0] ?? "", `must have a month of ${HOURS} hours at least, not ${hours}`);
  hourly.forEach((list, d) => {
    if (list.length !== hours)
      fields.fault(names[d] as string, `must have ${hours} hours as the first, not ${list.length}`);
  });
  return hourly;
}

function readOutlook(fields: Fields): Outlook {
  fields.only(["name", "weight", "growthPercentPerMonth", "churnPercentPerMonth", "toPercent", "overMonths", "season"]);
  const number = (name: string, least: number, most: number, otherwise: number) => {
    if (!fields.has(name)) return otherwise;
    const value = fields.value(name);
    if (typeof value === "number" && value >= least && value <= most) return value;
    fields.fault(name, `must be a number from ${least} to ${most}${fields.instead(name)}`);
    return otherwise;
  };
  const season = fields.has("season") ? fields.value("season") : false;
  if (typeof season !== "boolean") fields.fault("season", `must be true or false${fields.instead("season")}`);
  return {
    name: fields.name("name"),
    weight: fields.has("weight") ? fields.whole("weight", 1, MOST_WEIGHT) : 1,
    growthPercentPerMonth: number("growthPercentPerMonth", -50, 50, 0),
    churnPercentPerMonth: number("churnPercentPerMonth", 0, 50, 0),
    toPercent: number("toPercent", 0, 1_000, 100),
    overMonths: fields.has("overMonths") ? fields.whole("overMonths", 0, 60) : 0,
    season: season === true,
  };
}

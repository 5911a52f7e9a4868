import type { PackingHistory } from "@berth/contract";
import { formatMoney } from "../../../output/format.ts";
import { type Column, formatTable } from "../../../output/table.ts";
import { formatPercent } from "./percent.ts";

type Point = PackingHistory["points"][number];

const COLUMNS: readonly Column<Point>[] = [
  { header: "at", value: (point) => point.at },
  { header: "machines", value: (point) => point.machines, align: "right" },
  { header: "instances", value: (point) => point.instances, align: "right" },
  { header: "density", value: (point) => point.density?.toFixed(1), align: "right" },
  { header: "cpu", value: (point) => formatPercent(point.requested_share.cpu), align: "right" },
  { header: "memory", value: (point) => formatPercent(point.requested_share.memory), align: "right" },
  { header: "volumes", value: (point) => formatPercent(point.requested_share.volumes), align: "right" },
  { header: "used cpu", value: (point) => formatPercent(point.used_share.cpu), align: "right" },
  { header: "used memory", value: (point) => formatPercent(point.used_share.memory), align: "right" },
  { header: "dominant", value: (point) => formatPercent(point.dominant_utilization), align: "right" },
  { header: "$/hour", value: (point) => formatMoney(point.price_per_hour), align: "right" },
  { header: "idle $/day", value: (point) => formatMoney(point.idle_per_day), align: "right" },
];

interface Line {
  readonly header: string;
  /** Where the mark stands. */
  of(point: Point): number | null;
  show(point: Point): string | undefined;
}

const share = (header: string, of: Line["of"]): Line => ({ header, of, show: (point) => formatPercent(of(point)) });
const money = (header: string, of: (point: Point) => Point["price_per_hour"]): Line => ({
  header,
  of: (point) => Number(of(point).amount),
  show: (point) => formatMoney(of(point)),
});
const LINES: readonly Line[] = [
  { header: "machines", of: (point) => point.machines, show: (point) => String(point.machines) },
  { header: "instances", of: (point) => point.instances, show: (point) => String(point.instances) },
  share("cpu", (point) => point.requested_share.cpu),
  share("memory", (point) => point.requested_share.memory),
  share("used cpu", (point) => point.used_share.cpu),
  share("used memory", (point) => point.used_share.memory),
  share("dominant", (point) => point.dominant_utilization),
  money("$/hour", (point) => point.price_per_hour),
  money("idle $/day", (point) => point.idle_per_day),
];
const MARKS = "▁▂▃▄▅▆▇█";
const WIDTH = 48;

interface Drawn {
  readonly what: string;
  readonly line: string;
  readonly values: readonly (string | undefined)[] | undefined;
}

const DRAWN: readonly Column<Drawn>[] = [
  { header: "figure", value: (row) => row.what },
  { header: "over time", value: (row) => row.line },
  { header: "first", value: ({ values }) => values?.[0], align: "right" },
  { header: "least", value: ({ values }) => values?.[1], align: "right" },
  { header: "most", value: ({ values }) => values?.[2], align: "right" },
  { header: "last", value: ({ values }) => values?.[3], align: "right" },
];

/** Each point a line, for programs and for `-o wide`. */
export function tableOfHistory({ points }: PackingHistory): string {
  return formatTable(COLUMNS, points);
}

/** A line of marks for each figure, from its least to its most, with what it was at first and at last. */
export function drawHistory({ points }: PackingHistory): string {
  return formatTable(
    DRAWN,
    LINES.map(({ header, of, show }): Drawn => {
      const known = points.flatMap((point) => {
        const value = of(point);
        return value === null ? [] : [{ value, shown: show(point) }];
      });
      const [first] = known;
      const last = known.at(-1);
      if (first === undefined || last === undefined) return { what: header, line: "", values: undefined };
      const byValue = known.toSorted((a, b) => a.value - b.value);
      const [least, most] = [byValue[0] ?? first, byValue.at(-1) ?? last];
      const values = known.map(({ value }) => value);
      return {
        what: header,
        line: sparkline(values, least.value, most.value),
        values: [first.shown, least.shown, most.shown, last.shown],
      };
    }),
  );
}

/** At most so many marks: of more values, the last of each part. One that never changes is a line in the middle. */
function sparkline(values: readonly number[], least: number, most: number): string {
  const marks = Math.min(WIDTH, values.length);
  return Array.from({ length: marks }, (_, index) => {
    const value = values[Math.floor(((index + 1) * values.length) / marks) - 1] ?? least;
    const height = most === least ? 0.5 : (value - least) / (most - least);
    return MARKS[Math.min(MARKS.length - 1, Math.floor(height * MARKS.length))];
  }).join("");
}

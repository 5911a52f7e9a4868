import type { DensityRow } from "./density-part.ts";

const WIDTH = 760;
const HEIGHT = 440;
const PLOT = { left: 76, right: 24, top: 62, bottom: 74 } as const;
/** Grid lines of the vertical axis: extra cost in percent, drawn by the square root so that the small ones can be told. */
const LINES = [0, 1, 5, 20, 50, 100, 200, 300, 400];

/**
 * The fleet's price over the uncapped one, by cap, as an SVG picture that is readable on a light and on a dark page. Caps stand
 * at equal distances; each point tells its percent, and below its cap the mean density that came of it.
 */
export function densityPlot(rows: readonly DensityRow[]): string {
  const most = Math.max(...rows.map((row) => row.extraPercent), 1);
  const top = LINES.find((line) => line >= most) ?? most;
  const bottomY = HEIGHT - PLOT.bottom;
  const x = (index: number) =>
    PLOT.left + ((index + 0.5) * (WIDTH - PLOT.left - PLOT.right)) / Math.max(1, rows.length);
  const y = (percent: number) => bottomY - (bottomY - PLOT.top) * Math.sqrt(Math.max(0, percent) / top);
  const grid = LINES.filter((line) => line <= top).flatMap((line) => [
    `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${at(y(line))}" y2="${at(y(line))}"/>`,
    `<text class="axis" x="${PLOT.left - 8}" y="${at(y(line) + 4)}" text-anchor="end">${percentOf(line)}</text>`,
  ]);
  const points = rows.flatMap((row, index) => [
    `<circle cx="${at(x(index))}" cy="${at(y(row.extraPercent))}" r="4.5"/>`,
    `<text class="value" x="${at(x(index) + 4)}" y="${at(y(row.extraPercent) - 10)}">${percentOf(row.extraPercent)}</text>`,
    `<text class="axis" x="${at(x(index))}" y="${bottomY + 20}" text-anchor="middle">${row.cap ?? "none"}</text>`,
    `<text class="faint" x="${at(x(index))}" y="${bottomY + 37}" text-anchor="middle">1:${row.meanDensity.toFixed(1)}</text>`,
  ]);
  const path = rows
    .map((row, index) => `${index === 0 ? "M" : "L"}${at(x(index))} ${at(y(row.extraPercent))}`)
    .join(" ");
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    "<title>What a cap of instances a machine costs</title>",
    "<style>",
    "text{font-family:system-ui,sans-serif;fill:#24292f}",
    ".title{font-size:16px;font-weight:600}.axis{font-size:13px}.value{font-size:13px;font-weight:600;paint-order:stroke;stroke:#ffffff;stroke-width:4px}",
    ".faint{font-size:12px;fill:#57606a}.grid{stroke:#d0d7de;stroke-width:1}",
    "path{fill:none;stroke:#0969da;stroke-width:2}circle{fill:#0969da}.page{fill:#ffffff}",
    "</style>",
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${PLOT.left}" y="26">What a cap of instances a machine costs</text>`,
    `<text class="faint" x="${PLOT.left}" y="45">price of the fleet over the one without a cap (spaced by its root); ES-10k, seed 1, as many iterations each</text>`,
    ...grid,
    `<path d="${path}"/>`,
    ...points,
    `<text class="axis" x="${at((PLOT.left + WIDTH - PLOT.right) / 2)}" y="${HEIGHT - 12}" text-anchor="middle">most instances on a machine, and below it how many there are in the mean</text>`,
    "</svg>",
  ].join("\n")}\n`;
}

const at = (value: number) => Number(value.toFixed(1));

function percentOf(percent: number): string {
  const digits = percent >= 10 || Number.isInteger(percent) ? 0 : 1;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(digits)} %`;
}

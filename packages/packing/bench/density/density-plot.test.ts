import { expect, test } from "vitest";
import { densityPlot } from "./density-plot.ts";

const row = (cap: number | undefined, extraPercent: number) => ({
  cap,
  extraPercent,
  usdPerHour: 1,
  nodes: 1,
  meanDensity: cap ?? 20,
  cpuSeconds: 1,
});

test("the plot has a point a cap, lower where it costs less, and says percent and mean of each", () => {
  const picture = densityPlot([row(1, 219.02), row(16, 0.34), row(undefined, 0)]);
  const heights = [...picture.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(3);
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
  for (const text of [">+219 %<", ">+0.3 %<", ">none<", ">1:16.0<"]) expect(picture).toContain(text);
});

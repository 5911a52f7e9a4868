import { expect, test } from "vitest";
import { measureNoise } from "./noise.ts";

test("the noise of a machine is seen by a process that sleeps", async () => {
  const { busyCores, idleTimerP99, loadAverage } = await measureNoise();
  expect(busyCores).toBeGreaterThanOrEqual(0);
  expect(idleTimerP99).toBeGreaterThan(0);
  expect(loadAverage).toBeGreaterThanOrEqual(0);
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubernetes, parseKubeconfig } from "@berth/kubernetes";
import type { Kubernetes, Pod, Reflection } from "@berth/ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../../control-plane/start.ts";
import { runRandomState, type StateOutcome } from "./random-state.ts";
import { openStateKube, provisionVolumes } from "./state-kube.ts";

/** 200 take a quarter of an hour on two cores: BERTH_RANDOM_STATES=200. */
const STATES = Number(process.env.BERTH_RANDOM_STATES ?? 48);
/** Every so many-th state is disturbed between plan and bind. */
const DISTURBED_EVERY = 4;
const LANES = 4;
const LONG_MS = 40 * 60_000;

let dataDir: string;
let controlPlane: ControlPlane;
let kubernetes: Kubernetes;
let pods: Reflection<Pod>;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-random-states-"));
  // Nobody sends heartbeats for these nodes.
  controlPlane = await startControlPlane({ dataDir, nodeMonitorGracePeriodMs: LONG_MS });
  const connection = parseKubeconfig(controlPlane.adminKubeconfig);
  if (!connection.ok) throw new Error(connection.error.detail);
  kubernetes = createKubernetes(connection.value);
  await provisionVolumes(controlPlane.api, kubernetes);
  pods = kubernetes.reflect("Pod", {}, () => undefined);
  await pods.ready;
});
afterAll(async () => {
  kubernetes.close();
  await controlPlane.stop();
  rmSync(dataDir, { recursive: true });
});

describe("on the real API server and scheduler, in random states", () => {
  it("each pod that is placed binds where the plan said, none of them stays pending, and what is refused has no place", {
    timeout: LONG_MS,
  }, async () => {
    const seeds = Array.from({ length: STATES }, (_, index) => index + 1);
    const outcomes: (StateOutcome & { readonly disturbed: boolean })[] = [];
    const lane = async (number: number): Promise<void> => {
      const kube = await openStateKube(controlPlane.api, pods, `lane-${number}`);
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const disturbed = seed % DISTURBED_EVERY === 0;
        outcomes.push({ ...(await runRandomState(kube, kubernetes, seed, disturbed)), disturbed });
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));

    const calm = outcomes.filter((one) => !one.disturbed);
    const disturbed = outcomes.filter((one) => one.disturbed);
    for (const [kind, of] of [
      ["", outcomes],
      [" undisturbed", calm],
      [" disturbed", disturbed],
    ] as const) {
      const rate = ((100 * sumOf(of, "conflicts")) / sumOf(of, "placements")).toFixed(2);
      console.info(
        `placed ${sumOf(of, "placements")} pods in ${of.length}${kind} states, bound where said ` +
          `${sumOf(of, "boundWhereSaid")}, conflicts ${sumOf(of, "conflicts")} (${rate} %), refused ${sumOf(of, "refused")}`,
      );
    }
    expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
    expect(outcomes).toHaveLength(STATES);
    expect(sumOf(calm, "boundWhereSaid")).toBe(sumOf(calm, "placements"));
    expect(sumOf(disturbed, "boundWhereSaid") + sumOf(disturbed, "conflicts")).toBe(sumOf(disturbed, "placements"));
    // All of it happens often enough to mean something.
    expect(sumOf(disturbed, "conflicts")).toBeGreaterThan(STATES / 10);
    expect(sumOf(outcomes, "refused")).toBeGreaterThan(STATES / 10);
  });
});

function sumOf(outcomes: readonly StateOutcome[], of: Exclude<keyof StateOutcome, "faults">): number {
  return outcomes.reduce((sum, one) => sum + one[of], 0);
}

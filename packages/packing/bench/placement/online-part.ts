import type { BenchPart, Figure } from "@berth/testing";
import { es10k } from "@berth/testing";
import { openFleet } from "../../src/index.ts";
import { planAndProve } from "../cold/plan-ours.ts";
import { usdPerHour } from "../price.ts";
import { referenceFleet } from "./reference-fleet.ts";

/** Room is valued anew after so many clusters, by what runs then; the product does so at each placement. */
const OPENED_EVERY = 100;
/** Of CPU: a cold plan to stand beside, not its best. */
const COLD_SECONDS = 10;

/**
 * What the fleet costs that placing alone builds of ES-10k, one cluster after the other into an empty fleet with nothing
 * known of what comes and nothing ever moved: over the certified lower bound, and beside a cold plan of the same instances.
 */
export function onlinePart(boundCpuSeconds: number): BenchPart {
  return {
    name: "online",
    measure: async (tell): Promise<Figure[]> => {
      const nodes = placedOneByOne();
      const online = nodes.reduce((sum, node) => sum + node.priceMicroUsdPerHour, 0);
      const cold = await planAndProve(es10k(1), { seed: 1, cpuSeconds: COLD_SECONDS, boundCpuSeconds });
      const ratio = online / cold.lowerBound;
      tell(
        `online: ${(online / 1e6).toFixed(2)} $/h on ${nodes.length} nodes, ${ratio.toFixed(4)} of the bound, ` +
          `${(online / 1e6 / usdPerHour(cold.plan)).toFixed(4)} of a cold plan; certificate ${cold.verified ? "verified" : "refused"}`,
      );
      const value = cold.verified ? ratio : Number.POSITIVE_INFINITY;
      return [{ figure: "online_cost_ratio", value, unit: "of the bound", must: 1.25, aim: 1.131, better: "lower" }];
    },
  };
}

function placedOneByOne() {
  const { options, clusters } = referenceFleet(1, { instances: 10_000, volumes: "1" });
  const open = (from: ReturnType<ReturnType<typeof openFleet>["nodes"]>) =>
    openFleet(
      from.map((node) => ({ ...node, coming: false })),
      options,
      { explains: false },
    );
  let fleet = open([]);
  for (const [index, cluster] of clusters.entries()) {
    fleet.place(cluster);
    if (index % OPENED_EVERY === 0) fleet = open(fleet.nodes());
  }
  return fleet.nodes();
}

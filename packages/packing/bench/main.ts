import { runBench } from "@berth/testing";
import { consolidationPart } from "./consolidation/consolidation-part.ts";
import { karpenterPart } from "./karpenter/karpenter-part.ts";
import { bulkPart } from "./placement/bulk-part.ts";
import { placeClusterPart } from "./placement/place-cluster-part.ts";
import { randomFleetsPart } from "./placement/random-fleets-part.ts";
import { referencePart } from "./reference/reference-part.ts";

/**
 * What fleets cost that this package plans, and what the same fleets cost planned by others; how fast it places, what moves
 * bring back, and that no random fleet breaks a rule.
 */
process.exitCode = await runBench(process.argv.slice(2), [
  referencePart(),
  karpenterPart(),
  placeClusterPart(),
  bulkPart(),
  consolidationPart(),
  randomFleetsPart(),
]);

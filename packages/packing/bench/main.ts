import { runBench } from "@berth/testing";
import { karpenterPart } from "./karpenter/karpenter-part.ts";
import { referencePart } from "./reference/reference-part.ts";

/** What fleets cost that this package plans, and what the same fleets cost planned by others: on ES-10k of data/. */
process.exitCode = await runBench(process.argv.slice(2), [referencePart(), karpenterPart()]);

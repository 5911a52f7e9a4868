import { parseArgs } from "node:util";
import { runBench } from "@berth/testing";
import { packPart } from "./cold/pack-part.ts";
import { ourPlanner } from "./cold/plan-ours.ts";
import { sizesPart } from "./cold/sizes-part.ts";
import { consolidationPart } from "./consolidation/consolidation-part.ts";
import { densityPart } from "./density/density-part.ts";
import { karpenterPart } from "./karpenter/karpenter-part.ts";
import { bulkPart } from "./placement/bulk-part.ts";
import { onlinePart } from "./placement/online-part.ts";
import { placeClusterPart } from "./placement/place-cluster-part.ts";
import { randomFleetsPart } from "./placement/random-fleets-part.ts";
import { referencePart } from "./reference/reference-part.ts";
import { vbpPart } from "./vbp/vbp-part.ts";

/** Beside --json, --list and --only PART: what makes a run shorter. */
const OPTIONS = {
  json: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  only: { type: "string", multiple: true, default: [] as string[] },
  /** Of the cold plan, by commas. */
  seeds: { type: "string", default: "1,2,3,4,5" },
  sizes: { type: "string", default: "1000,5000,10000,20000" },
  /** CPU seconds of a plan, of its bound, and of a file of data/vbp. */
  seconds: { type: "string", default: "30" },
  "bound-seconds": { type: "string", default: "60" },
  "vbp-seconds": { type: "string", default: "6" },
  /** Every so many files of data/vbp only. */
  "vbp-every": { type: "string", default: "1" },
  /** Of the iterations for each cap: 0.1 is a tenth. */
  "density-effort": { type: "string", default: "1" },
} as const;

/** CPU seconds of ours beside a policy of reference or Karpenter, which take seconds themselves. */
const BESIDE_OTHERS = 10;

const { json, list, only, ...ours } = parseArgs({ options: OPTIONS }).values;
const numbers = (text: string) => text.split(",").map((one) => number(one));
const plan = { cpuSeconds: number(ours.seconds), boundCpuSeconds: number(ours["bound-seconds"]) };

/**
 * What fleets cost that this package plans, and what the same fleets cost planned by others; how near to a proven bound they
 * are, how fast it places, what moves bring back, and that no random fleet breaks a rule.
 */
process.exitCode = await runBench(
  [...(json ? ["--json"] : []), ...(list ? ["--list"] : []), ...only.flatMap((part) => ["--only", part])],
  [
    packPart({ seeds: numbers(ours.seeds), ...plan }),
    sizesPart(numbers(ours.sizes), plan),
    densityPart(number(ours["density-effort"])),
    vbpPart({ seed: 1, cpuSeconds: number(ours["vbp-seconds"]), every: number(ours["vbp-every"]) }),
    referencePart(ourPlanner(BESIDE_OTHERS)),
    karpenterPart(ourPlanner(BESIDE_OTHERS)),
    placeClusterPart(),
    onlinePart(plan.boundCpuSeconds),
    bulkPart(),
    consolidationPart(),
    randomFleetsPart(),
  ],
);

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new RangeError(`${text} is not a number from 0`);
  return value;
}

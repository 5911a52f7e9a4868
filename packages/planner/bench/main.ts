import { runBench } from "@berth/testing";
import { secondBillPart } from "./bill/second-bill-part.ts";
import { yearPart } from "./bill/year-part.ts";
import { backTestPart } from "./ladder/back-test-part.ts";
import { exactForecastPart } from "./ladder/exact-forecast-part.ts";
import { jointFamiliesPart } from "./ladder/joint-families-part.ts";
import { ladderSizePart } from "./ladder/ladder-size-part.ts";
import { packedFleetPart } from "./ladder/packed-fleet-part.ts";

/** Of the traces of the back-test, and of those with a forecast that comes true: none of them was looked at before. */
const SEEDS = [21, 22, 23];

/**
 * Whether two implementations bill the same, and how long a year takes; how large and how near to its bound a plan is, what a
 * forecast costs that comes true, and what plans and rules would have cost that see the past alone.
 */
process.exitCode = await runBench(process.argv.slice(2), [
  secondBillPart(),
  yearPart(),
  ladderSizePart(),
  exactForecastPart(SEEDS[0] as number),
  packedFleetPart(),
  jointFamiliesPart(),
  backTestPart(SEEDS, false),
  backTestPart(SEEDS.slice(0, 1), true),
]);

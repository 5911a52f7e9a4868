import { runBench } from "@berth/testing";
import { secondBillPart } from "./bill/second-bill-part.ts";
import { yearPart } from "./bill/year-part.ts";

/** Whether two implementations bill the same, and how long a year takes. */
process.exitCode = await runBench(process.argv.slice(2), [secondBillPart(), yearPart()]);

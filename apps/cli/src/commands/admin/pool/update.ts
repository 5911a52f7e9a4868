import type { Pool, UpdatePoolBody } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../../failure.ts";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";
import { explainChangedMeanwhile } from "../../changed-meanwhile.ts";
import { commaList } from "../../parse.ts";
import { policyOfOptions, withPolicy } from "./policy.ts";
import { describePool } from "./view.ts";

export const updatePool = (berth: Berth) =>
  withPolicy(
    new Command("update").description(
      "Change what a pool launches from now on, unless somebody else does so meanwhile; each list, and the subnets, " +
        "replace those before",
    ),
  )
    .argument("<pool>", "id")
    .option("--zones <zones>", "as a,b,c", commaList)
    .option("--machine-types <types>", "that may be launched, as m7i.4xlarge,r7i.4xlarge", commaList)
    .action(async (id, options, command) => {
      const session = berth.session(command);
      const body = { zones: options.zones, machine_types: options.machineTypes, ...policyOfOptions(options) };
      if (Object.values(body).every((value) => value === undefined)) {
        throw usageFailure("nothing to change", "Add an option: berth admin pool update --help has them.");
      }
      await printThing(session, await change(session, id, body), describePool);
    });

/** Changes what is there now, as long as nobody else changes it between the look and the change. */
async function change(session: Session, id: string, body: UpdatePoolBody): Promise<Pool> {
  const client = await session.client();
  const params = { pool_id: id };
  const etag = (await client.getPool({ params })).headers.get("etag") ?? undefined;
  try {
    return (await client.updatePool({ params, headers: { "if-match": etag }, body })).body;
  } catch (error) {
    throw await explainChangedMeanwhile(error, `berth admin pool get ${id}`);
  }
}

import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import { formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { commaList } from "../../parse.ts";
import { policyOfOptions, withPolicy } from "./policy.ts";
import { POOLS } from "./view.ts";

export const createPool = (berth: Berth) =>
  withPolicy(new Command("create").description("Create a pool of machines in a kube"))
    .argument("<name>")
    .requiredOption("--kube <id>", "the kube that its machines join")
    .requiredOption("--zones <zones>", "as a,b,c", commaList)
    .requiredOption("--machine-types <types>", "that may be launched, as m7i.4xlarge,r7i.4xlarge", commaList)
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const { kube, zones, machineTypes } = options;
      const { body } = await (await session.client()).createPool({
        body: { name, kube_id: kube, zones, machine_types: machineTypes, ...policyOfOptions(options) },
      });
      await printThing(session, body, (pool) =>
        formatTable(POOLS.columns, [pool], { wide: session.output === "wide" }),
      );
    });

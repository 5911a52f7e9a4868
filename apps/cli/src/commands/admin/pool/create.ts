import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import { formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { commaList, keyValue, wholeNumber } from "../../parse.ts";
import { POOLS } from "./view.ts";

export const createPool = (berth: Berth) =>
  new Command("create")
    .description("Create a pool of machines in a kube")
    .argument("<name>")
    .requiredOption("--kube <id>", "the kube that its machines join")
    .requiredOption("--zones <zones>", "as a,b,c", commaList)
    .requiredOption("--machine-types <types>", "that may be launched, as m7i.4xlarge,r7i.4xlarge", commaList)
    .option("--instances-per-machine <n>", "at most", wholeNumber)
    .option("--cpu-limit-percent <n>", "an instance's CPU limit in percent of its request", wholeNumber)
    .option("--empty-after-seconds <n>", "an empty machine goes after so long", wholeNumber)
    .option("--max-machines <n>", "at most so many", wholeNumber)
    .option("--image <ami>", "machine image")
    .option("--subnet <zone=subnet>", "repeat for each zone", keyValue)
    .option("--security-groups <ids>", "as sg-1,sg-2", commaList)
    .option("--instance-profile <name>", "name or ARN")
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const optional = {
        instances_per_machine: options.instancesPerMachine,
        cpu_limit_percent: options.cpuLimitPercent,
        empty_after_seconds: options.emptyAfterSeconds,
        max_machines: options.maxMachines,
        image_id: options.image,
        subnet_ids: options.subnet,
        security_group_ids: options.securityGroups,
        instance_profile: options.instanceProfile,
      };
      const { body } = await (await session.client()).createPool({
        body: { name, kube_id: options.kube, zones: options.zones, machine_types: options.machineTypes, ...optional },
      });
      await printThing(session, body, (pool) =>
        formatTable(POOLS.columns, [pool], { wide: session.output === "wide" }),
      );
    });

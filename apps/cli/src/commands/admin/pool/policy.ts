import type { Command } from "@commander-js/extra-typings";
import { commaList, keyValue, wholeNumber } from "../../parse.ts";

interface PolicyOptions {
  readonly instancesPerMachine?: number | undefined;
  readonly cpuLimitPercent?: number | undefined;
  readonly emptyAfterSeconds?: number | undefined;
  readonly maxMachines?: number | undefined;
  readonly image?: string | undefined;
  readonly subnet?: Record<string, string> | undefined;
  readonly securityGroups?: string[] | undefined;
  readonly instanceProfile?: string | undefined;
}

/** Adds the options of what a pool launches that a new one can be without. */
export function withPolicy(command: Command) {
  return command
    .option("--instances-per-machine <n>", "at most", wholeNumber)
    .option("--cpu-limit-percent <n>", "an instance's CPU limit in percent of its request", wholeNumber)
    .option("--empty-after-seconds <n>", "an empty machine goes after so long", wholeNumber)
    .option("--max-machines <n>", "at most so many", wholeNumber)
    .option("--image <ami>", "machine image")
    .option("--subnet <zone=subnet>", "repeat for each zone", keyValue)
    .option("--security-groups <ids>", "as sg-1,sg-2", commaList)
    .option("--instance-profile <name>", "name or ARN");
}

/** Those of the fields of a pool that were given. */
export function policyOfOptions(options: PolicyOptions) {
  return {
    instances_per_machine: options.instancesPerMachine,
    cpu_limit_percent: options.cpuLimitPercent,
    empty_after_seconds: options.emptyAfterSeconds,
    max_machines: options.maxMachines,
    image_id: options.image,
    subnet_ids: options.subnet,
    security_group_ids: options.securityGroups,
    instance_profile: options.instanceProfile,
  };
}

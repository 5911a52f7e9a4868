import { REBALANCE_MODES, type RebalanceMode } from "@berth/contract";
import { type Command, Option } from "@commander-js/extra-typings";
import { byteCount, commaList, commaListOrNone, keyValue, price, priceOrNone, wholeNumber } from "../../parse.ts";

interface PolicyOptions {
  readonly instancesPerMachine?: number | undefined;
  readonly cpuLimitPercent?: number | undefined;
  readonly emptyAfterSeconds?: number | undefined;
  readonly maxMachines?: number | undefined;
  readonly maxPricePerHour?: ReturnType<typeof priceOrNone> | undefined;
  readonly tenantSharePercent?: number | undefined;
  readonly headroomInstances?: number | undefined;
  readonly headroomCpuMillis?: number | undefined;
  readonly headroomMemory?: number | undefined;
  readonly heldZones?: string[] | undefined;
  readonly rebalance?: RebalanceMode | undefined;
  readonly rebalanceMinSaving?: ReturnType<typeof price> | undefined;
  readonly rebalanceMaxAutomaticMoves?: number | undefined;
  readonly reservationPurchases?: "off" | "on" | undefined;
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
    .option("--max-price-per-hour <usd>", "what its machines together may cost, as 40.00, or none", priceOrNone)
    .option("--tenant-share-percent <n>", "of an organization's instances at most so many on one machine", wholeNumber)
    .option("--headroom-instances <n>", "room kept in each zone: for so many instances", wholeNumber)
    .option("--headroom-cpu-millis <n>", "CPU of one of those", wholeNumber)
    .option("--headroom-memory <size>", "memory of one of those, as 4g", byteCount)
    .option("--held-zones <zones>", "where nothing is launched for now, as a,b, or none", commaListOrNone)
    .addOption(
      new Option("--rebalance <mode>", "whether moves are looked for, and may be approved by themselves").choices(
        REBALANCE_MODES,
      ),
    )
    .option("--rebalance-min-saving <usd>", "a rebalance plan that saves less a month is none, as 10.00", price)
    .option(
      "--rebalance-max-automatic-moves <n>",
      "a plan that moves more instances waits for an operator",
      wholeNumber,
    )
    .addOption(
      new Option(
        "--reservation-purchases <setting>",
        "whether a worker buys what approved reservation plans have",
      ).choices(["off", "on"] as const),
    )
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
    max_price_per_hour: options.maxPricePerHour?.price,
    tenant_share_percent: options.tenantSharePercent,
    headroom_instances: options.headroomInstances,
    headroom_cpu_millis: options.headroomCpuMillis,
    headroom_memory_bytes: options.headroomMemory,
    held_zones: options.heldZones,
    rebalance_mode: options.rebalance,
    rebalance_min_saving_per_month: options.rebalanceMinSaving,
    rebalance_max_automatic_moves: options.rebalanceMaxAutomaticMoves,
    reservation_purchases: options.reservationPurchases,
    image_id: options.image,
    subnet_ids: options.subnet,
    security_group_ids: options.securityGroups,
    instance_profile: options.instanceProfile,
  };
}

import { COMMITMENT_KINDS, COMMITMENT_TERMS, OFFERING_CLASSES, PAYMENT_OPTIONS } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { instant, price, wholeNumber } from "../../parse.ts";
import { describeCommitment } from "./view.ts";

export const registerCommitment = (berth: Berth) =>
  new Command("register")
    .description("Tell of a commitment that was bought elsewhere; nothing is bought by this")
    .addOption(new Option("--kind <kind>", "what was bought").choices(COMMITMENT_KINDS).makeOptionMandatory())
    .addOption(new Option("--term <term>", "how long it runs").choices(COMMITMENT_TERMS).makeOptionMandatory())
    .addOption(
      new Option("--payment <option>", "what is paid at the start").choices(PAYMENT_OPTIONS).makeOptionMandatory(),
    )
    .requiredOption("--starts <time>", "as 2026-11-28 or 2026-11-28T09:00:00Z", instant)
    .option("--ends <time>", "a whole term later by default", instant)
    .option("--region <region>", "where it covers")
    .option("--zone <zone>", "of zonal reserved instances")
    .option("--machine-type <type>", "of reserved instances")
    .option("--family <family>", "of an EC2 Instance Savings Plan, as m7i")
    .addOption(new Option("--class <class>", "of reserved instances").choices(OFFERING_CLASSES))
    .option("--count <n>", "how many reserved instances", wholeNumber)
    .option("--upfront <dollars>", "of one reserved instance, at the start", price)
    .option("--per-hour <dollars>", "of one reserved instance", price)
    .option("--commitment <dollars>", "of a savings plan, an hour", price)
    .option("--account <account>", "of AWS, twelve digits")
    .option("--external-id <id>", "AWS's id of the purchase")
    .option("--purchase <id>", "of a reservation plan, the one by hand that this is")
    .action(async (options, command) => {
      const session = berth.session(command);
      const given = {
        region: options.region,
        zone: options.zone,
        machine_type: options.machineType,
        family: options.family,
        offering_class: options.class,
        count: options.count,
        upfront: options.upfront,
        per_hour: options.perHour,
        commitment_per_hour: options.commitment,
        account: options.account,
        external_id: options.externalId,
        reservation_purchase_id: options.purchase,
        ends_at: options.ends,
      };
      const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const { kind, term, payment, starts } = options;
      const { body } = await (await session.client()).createCommitment({
        body: { kind, term, payment_option: payment, starts_at: starts, ...said },
      });
      await printThing(session, body, describeCommitment);
    });

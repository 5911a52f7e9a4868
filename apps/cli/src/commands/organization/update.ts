import type { Organization } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { ownOrganization } from "../find.ts";
import { priceOrNone } from "../parse.ts";
import { describeOrganization } from "./view.ts";

export const updateOrganization = (berth: Berth) =>
  new Command("update")
    .description("Change your organization's name, or what its clusters may cost together")
    .option("--name <name>", "what it is called")
    .option("--max-price-per-hour <usd>", "as 12.50; none takes the cap off", priceOrNone)
    .action(async (options, command) => {
      const session = berth.session(command);
      const { name, maxPricePerHour } = options;
      if (name === undefined && maxPricePerHour === undefined) {
        throw usageFailure("nothing to change", "Add --name or --max-price-per-hour.");
      }
      const client = await session.client();
      const params = { organization_id: await ownOrganization(session) };
      let changed: Organization | undefined;
      if (name !== undefined) changed = (await client.updateOrganization({ params, body: { name } })).body;
      if (maxPricePerHour !== undefined) {
        const body = { max_price_per_hour: maxPricePerHour.price };
        changed = (await client.updateSpendCap({ params, body })).body;
      }
      if (changed !== undefined) await printThing(session, changed, describeOrganization);
    });

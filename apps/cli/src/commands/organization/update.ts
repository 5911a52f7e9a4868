import { Command } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { ownOrganization } from "../find.ts";
import { priceOrNone } from "../parse.ts";
import { describeOrganization } from "./view.ts";

export const updateOrganization = (berth: Berth) =>
  new Command("update")
    .description("Change your organization's name, or what its clusters may cost together: one at a time")
    .option("--name <name>", "what it is called")
    .option("--max-price-per-hour <usd>", "as 12.50; none takes the cap off", priceOrNone)
    .action(async (options, command) => {
      const session = berth.session(command);
      const { name, maxPricePerHour } = options;
      if (name === undefined && maxPricePerHour === undefined) {
        throw usageFailure("nothing to change", "Add --name or --max-price-per-hour.");
      }
      // Two requests to the API: one could pass and the other not.
      if (name !== undefined && maxPricePerHour !== undefined) {
        throw usageFailure("--name and --max-price-per-hour are changed one at a time", "Run it once with each.");
      }
      const client = await session.client();
      const params = { organization_id: await ownOrganization(session) };
      const { body } =
        maxPricePerHour === undefined
          ? await client.updateOrganization({ params, body: { name } })
          : await client.updateSpendCap({ params, body: { max_price_per_hour: maxPricePerHour.price } });
      await printThing(session, body, describeOrganization);
    });

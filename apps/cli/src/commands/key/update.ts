import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findKey } from "../find.ts";
import { durationMs } from "../parse.ts";
import { limitsOfOptions, withLimits } from "./limits.ts";
import { KEYS } from "./view.ts";

export const updateKey = (berth: Berth) =>
  withLimits(new Command("update").description("Change an API key; each list replaces the one before"))
    .argument("<key>", "name or id")
    .option("--name <name>", "its new name")
    .option("--expires-in <time>", "from now, as 30d or 12h, at most a year", durationMs)
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { id } = await findKey(session, reference);
      const name = options.name === undefined ? {} : { name: options.name };
      const request = { params: { api_key_id: id }, body: { ...name, ...limitsOfOptions(options) } };
      const { body } = await (await session.client()).updateApiKey(request);
      await printThing(session, body, (one) => formatTable(KEYS.columns, [one], { wide: session.output === "wide" }));
    });

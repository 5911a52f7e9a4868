import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findKey } from "../find.ts";
import { KEYS } from "./view.ts";

export const getKey = (berth: Berth) =>
  new Command("get")
    .description("Show one API key, without its text")
    .argument("<key>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const body = await findKey(session, reference);
      await printThing(session, body, (one) => formatTable(KEYS.columns, [one], { wide: session.output === "wide" }));
    });

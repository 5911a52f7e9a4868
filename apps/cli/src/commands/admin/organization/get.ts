import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { findOrganization } from "../../find.ts";
import { describeOrganization } from "./view.ts";

export const getOrganization = (berth: Berth) =>
  new Command("get")
    .description("Show one organization: its quotas, what it uses of them, and what that costs")
    .argument("<organization>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      await printThing(session, await findOrganization(session, reference), describeOrganization);
    });

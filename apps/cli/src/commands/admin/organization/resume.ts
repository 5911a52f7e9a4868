import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { findOrganization } from "../../find.ts";
import { describeOrganization } from "./view.ts";

export const resumeOrganization = (berth: Berth) =>
  new Command("resume")
    .description("Open a suspended organization's keys again")
    .argument("<organization>", "name or id")
    .requiredOption("--reason <text>", "why; the organization reads it in its audit log")
    .action(async (reference, { reason }, command) => {
      const session = berth.session(command);
      const { id } = await findOrganization(session, reference);
      const { body } = await (await session.client()).resumeOrganization({
        params: { organization_id: id },
        body: { reason },
      });
      await printThing(session, body, describeOrganization);
    });

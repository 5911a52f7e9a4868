import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { findOrganization } from "../../find.ts";
import { describeOrganization } from "./view.ts";

export const suspendOrganization = (berth: Berth) =>
  new Command("suspend")
    .description("Close an organization's keys; its clusters run on")
    .argument("<organization>", "name or id")
    .requiredOption("--reason <text>", "why; the organization reads it in its audit log")
    .action(async (reference, { reason }, command) => {
      const session = berth.session(command);
      const { id, name } = await findOrganization(session, reference);
      if (session.mayAsk) await session.confirm(`Suspend ${name} (${id})? Its keys will open nothing.`);
      const { body } = await (await session.client()).suspendOrganization({
        params: { organization_id: id },
        body: { reason },
      });
      await printThing(session, body, describeOrganization);
    });

import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";

export const leaveOrganization = (berth: Berth) =>
  new Command("leave")
    .description("Leave the organization; your personal keys open nothing any more")
    .action(async (_, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { organization } = (await client.getMe()).body;
      await session.confirm(`Leave ${organization.name} (${organization.id})?`);
      await client.leaveOrganization();
      session.note(`You have left ${organization.name}.`);
    });

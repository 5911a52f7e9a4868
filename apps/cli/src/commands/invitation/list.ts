import { INVITATION_STATES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect, DEFAULT_LIMIT } from "../collect.ts";
import { ownOrganization } from "../find.ts";
import { wholeNumber } from "../parse.ts";
import { INVITATIONS } from "./view.ts";

export const listInvitations = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List invitations, also those that are over")
    .addOption(new Option("--state <state>", "only in this state").choices(INVITATION_STATES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { organization_id: await ownOrganization(session) };
      const filter = options.state === undefined ? {} : { state: options.state };
      const page = await collect(options.limit, (query) =>
        client.listInvitations({ params, query: { ...query, ...filter } }),
      );
      await printList(session, page, INVITATIONS);
    });

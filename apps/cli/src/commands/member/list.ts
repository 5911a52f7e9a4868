import { MEMBER_ROLES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect, DEFAULT_LIMIT } from "../collect.ts";
import { ownOrganization } from "../find.ts";
import { wholeNumber } from "../parse.ts";
import { MEMBERS } from "./view.ts";

export const listMembers = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List members")
    .addOption(new Option("--role <role>", "only with this role").choices(MEMBER_ROLES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { organization_id: await ownOrganization(session) };
      const filter = options.role === undefined ? {} : { role: options.role };
      const page = await collect(options.limit, (query) =>
        client.listMembers({ params, query: { ...query, ...filter } }),
      );
      await printList(session, page, MEMBERS);
    });

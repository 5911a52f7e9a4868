import { Command } from "@commander-js/extra-typings";
import { printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { collect } from "../collect.ts";
import { listOptionsOf, withListOptions } from "../list-options.ts";
import { wholeNumber } from "../parse.ts";
import { auditFilterOf, withAuditFilter } from "./filter.ts";
import { AUDIT } from "./view.ts";

export const listAuditEvents = (berth: Berth) =>
  withAuditFilter(withListOptions(new Command("list")))
    .alias("ls")
    .description("List what was changed and by whom")
    .option("--limit <n>", "at most so many", wholeNumber, 100)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = { ...auditFilterOf(options), ...listOptionsOf(options) };
      const page = await collect(options.limit, (query) => client.listAuditEvents({ query: { ...query, ...filter } }));
      await printList(session, page, AUDIT);
    });

import { Command } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { auditFilterOf, withAuditFilter } from "../../audit/filter.ts";
import { AUDIT_OF_ALL } from "../../audit/view.ts";
import { collect } from "../../collect.ts";
import { listOptionsOf, withListOptions } from "../../list-options.ts";
import { wholeNumber } from "../../parse.ts";

export const listAuditOfAll = (berth: Berth) =>
  withAuditFilter(withListOptions(new Command("list")))
    .alias("ls")
    .description("List what was changed in all organizations. Each is told that you looked.")
    .option("--organization <id>", "only of this one")
    .option("--limit <n>", "at most so many", wholeNumber, 100)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const filter = { ...auditFilterOf(options), ...listOptionsOf(options), organization_id: options.organization };
      const page = await collect(options.limit, (query) =>
        client.listAuditEventsOfAll({ query: { ...query, ...filter } }),
      );
      await printList(session, page, AUDIT_OF_ALL);
    });

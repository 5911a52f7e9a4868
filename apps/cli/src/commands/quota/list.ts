import { Command } from "@commander-js/extra-typings";
import { formatMoney } from "../../output/format.ts";
import { printBody } from "../../output/print.ts";
import { type Column, formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { ownOrganization } from "../find.ts";
import { formatQuota, quotaWord } from "./quota-words.ts";

interface Line {
  readonly quota: string;
  readonly used: string;
  readonly limit: string;
  /** Of the limit; undefined when there is none, or it is nothing. */
  readonly part: number | undefined;
}

const COLUMNS: readonly Column<Line>[] = [
  { header: "quota", value: (line) => line.quota },
  { header: "used", value: (line) => line.used, align: "right" },
  { header: "limit", value: (line) => line.limit, align: "right" },
  {
    header: "used%",
    value: ({ part }) => (part === undefined ? undefined : `${Math.floor(part * 100)}%`),
    align: "right",
  },
];

export const listQuotas = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("Show what your organization may have, and has")
    .action(async (_, command) => {
      const session = berth.session(command);
      const params = { organization_id: await ownOrganization(session) };
      const { body } = await (await session.client()).getQuotas({ params });
      await printBody(session, body, ({ quotas, spend }) => {
        const { cap, used } = spend;
        const lines = quotas.map(({ name, used, limit }) => ({
          quota: quotaWord(name),
          used: formatQuota(name, used),
          limit: formatQuota(name, limit),
          part: partOf(used, limit),
        }));
        const cost = {
          quota: "$/hour",
          used: formatMoney(used),
          limit: cap === null ? "none" : formatMoney(cap),
          part: cap === null ? undefined : partOf(Number(used.amount), Number(cap.amount)),
        };
        return formatTable(COLUMNS, [...lines, cost]);
      });
    });

function partOf(used: number, limit: number): number | undefined {
  return limit === 0 ? undefined : used / limit;
}

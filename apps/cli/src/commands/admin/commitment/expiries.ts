import { Command } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { EXPIRIES } from "./view.ts";

export const listExpiries = (berth: Berth) =>
  new Command("expiries")
    .description("See when commitments end, month by month: nothing renews by itself")
    .action(async (_, command) => {
      const session = berth.session(command);
      const { months } = (await (await session.client()).listCommitmentExpiries()).body;
      await printList(session, { data: months, next_page_token: null }, EXPIRIES);
    });

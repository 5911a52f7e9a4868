import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findInvitation } from "../find.ts";
import { INVITATIONS } from "./view.ts";

export const getInvitation = (berth: Berth) =>
  new Command("get")
    .description("Show one invitation")
    .argument("<invitation>", "address or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const body = await findInvitation(session, reference);
      await printThing(session, body, (one) =>
        formatTable(INVITATIONS.columns, [one], { wide: session.output === "wide" }),
      );
    });

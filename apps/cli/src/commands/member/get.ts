import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findMember } from "../find.ts";
import { MEMBERS } from "./view.ts";

export const getMember = (berth: Berth) =>
  new Command("get")
    .description("Show one member")
    .argument("<member>", "address or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const body = await findMember(session, reference);
      await printThing(session, body, (one) =>
        formatTable(MEMBERS.columns, [one], { wide: session.output === "wide" }),
      );
    });

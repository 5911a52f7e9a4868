import { MEMBER_ROLES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { printThing } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { findMember } from "../find.ts";
import { MEMBERS } from "./view.ts";

export const updateMember = (berth: Berth) =>
  new Command("update")
    .description("Give a member another role or name")
    .argument("<member>", "address or id")
    .addOption(new Option("--role <role>", "what they may").choices(MEMBER_ROLES))
    .option("--name <name>", "what they are called")
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      if (options.role === undefined && options.name === undefined) {
        throw usageFailure("nothing to change", "Add --role or --name.");
      }
      const { id, organization_id } = await findMember(session, reference);
      const { body } = await (await session.client()).updateMember({
        params: { organization_id, member_id: id },
        body: { role: options.role, name: options.name },
      });
      await printThing(session, body, (one) =>
        formatTable(MEMBERS.columns, [one], { wide: session.output === "wide" }),
      );
    });

import { MEMBER_ROLES } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { ownOrganization } from "../find.ts";
import { printSent } from "./view.ts";

export const createInvitation = (berth: Berth) =>
  new Command("create")
    .description("Invite somebody; the token that is printed is for them")
    .argument("<email>")
    .addOption(new Option("--role <role>", "what they may").choices(MEMBER_ROLES).makeOptionMandatory())
    .action(async (email, options, command) => {
      const session = berth.session(command);
      const params = { organization_id: await ownOrganization(session) };
      const { body } = await (await session.client()).createInvitation({ params, body: { email, role: options.role } });
      await printSent(session, body);
    });

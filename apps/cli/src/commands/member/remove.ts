import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { findMember } from "../find.ts";

export const removeMember = (berth: Berth) =>
  new Command("remove")
    .description("Remove a member; their personal keys open nothing any more")
    .argument("<member>", "address or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id, organization_id, email } = await findMember(session, reference);
      if (session.mayAsk) await session.confirm(`Remove ${email} (${id}) with their personal keys?`);
      await (await session.client()).removeMember({ params: { organization_id, member_id: id } });
      session.note(`${email} (${id}) is a member no longer.`);
    });

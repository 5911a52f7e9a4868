import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { findInvitation } from "../find.ts";

export const revokeInvitation = (berth: Berth) =>
  new Command("revoke")
    .description("End an invitation: its token opens nothing any more")
    .argument("<invitation>", "address or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id, organization_id, email } = await findInvitation(session, reference);
      await (await session.client()).revokeInvitation({ params: { organization_id, invitation_id: id } });
      session.note(`The invitation of ${email} (${id}) is revoked.`);
    });

import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { findInvitation } from "../find.ts";
import { printSent } from "./view.ts";

export const resendInvitation = (berth: Berth) =>
  new Command("resend")
    .description("Renew an invitation, with a new token; the old one opens nothing any more")
    .argument("<invitation>", "address or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      const { id, organization_id } = await findInvitation(session, reference);
      const client = await session.client();
      const { body } = await client.resendInvitation({ params: { organization_id, invitation_id: id } });
      await printSent(session, body);
    });

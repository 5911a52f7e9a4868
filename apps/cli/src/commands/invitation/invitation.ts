import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { acceptInvitation } from "./accept.ts";
import { createInvitation } from "./create.ts";
import { getInvitation } from "./get.ts";
import { listInvitations } from "./list.ts";
import { resendInvitation } from "./resend.ts";
import { revokeInvitation } from "./revoke.ts";

export const invitation = (berth: Berth) =>
  new Command("invitation")
    .description("Invite people, and accept an invitation")
    .addCommand(createInvitation(berth))
    .addCommand(listInvitations(berth))
    .addCommand(getInvitation(berth))
    .addCommand(resendInvitation(berth))
    .addCommand(revokeInvitation(berth))
    .addCommand(acceptInvitation(berth));

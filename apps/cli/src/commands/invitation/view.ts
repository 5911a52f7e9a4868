import type { Invitation, SentInvitation } from "@berth/contract";
import { formatAge, formatDuration } from "../../output/format.ts";
import { type ListView, printThing } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";
import type { Session } from "../../session.ts";

/** Invitations as a table. */
export const INVITATIONS: ListView<Invitation> = {
  noun: "invitations",
  nameOf: (invitation) => invitation.id,
  columns: [
    { header: "email", value: (invitation) => invitation.email },
    { header: "role", value: (invitation) => invitation.role },
    { header: "state", value: (invitation) => invitation.state },
    {
      header: "expires in",
      value: ({ state, expires_at }) =>
        state === "pending" ? formatDuration(Date.parse(expires_at) - Date.now()) : undefined,
      align: "right",
    },
    { header: "age", value: (invitation) => formatAge(invitation.created_at, Date.now()), align: "right" },
    { header: "id", value: (invitation) => invitation.id },
    { header: "member", value: (invitation) => invitation.member_id ?? undefined, wide: true },
    { header: "created by", value: (invitation) => invitation.created_by, wide: true },
  ],
};

/** What is to be done with a token that was just made. */
export const HAND_OVER =
  "Hand the token over: nothing is mailed, and it is shown this once. It is taken by: berth invitation accept";

/** Prints an invitation with its token, which is seen this once. */
export async function printSent(session: Session, invitation: SentInvitation): Promise<void> {
  await printThing(session, invitation, (one) =>
    formatFacts([
      ["Invited", one.email],
      ["Role", one.role],
      ["Expires", one.expires_at],
      ["Token", one.token],
    ]),
  );
  session.note(HAND_OVER);
}

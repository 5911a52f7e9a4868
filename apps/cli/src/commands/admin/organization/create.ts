import { ORGANIZATION_KINDS } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import { formatFacts } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { HAND_OVER } from "../../invitation/view.ts";
import { quotaLimit } from "../../quota/quota-words.ts";

const EXAMPLES = `
Examples:
  berth admin organization create Acme --owner ada@example.com --quota clusters=10 --quota memory=64GiB
  berth admin organization create Acme --owner ada@example.com -o json | jq -r .invitation.token`;

export const createOrganization = (berth: Berth) =>
  new Command("create")
    .description("Make an organization and invite its first owner; the token that is printed is for them")
    .argument("<name>")
    .requiredOption("--owner <email>", "who is invited as its first owner")
    .addOption(new Option("--kind <kind>", "customer when absent").choices(ORGANIZATION_KINDS))
    .option("--quota <quota=limit>", "as clusters=10 or memory=64GiB, repeat for several", quotaLimit)
    .addHelpText("after", EXAMPLES)
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const { owner, kind, quota } = options;
      const { body } = await (await session.client()).createOrganization({
        body: {
          name,
          owner_email: owner,
          ...(kind === undefined ? {} : { kind }),
          ...(quota === undefined ? {} : { quotas: quota }),
        },
      });
      await printThing(session, body, (made) =>
        formatFacts([
          ["Organization", `${made.name} (${made.id})`],
          ["Owner", made.invitation.email],
          ["Expires", made.invitation.expires_at],
          ["Token", made.invitation.token],
        ]),
      );
      session.note(HAND_OVER);
    });

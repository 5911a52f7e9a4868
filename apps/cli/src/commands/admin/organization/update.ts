import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { findOrganization } from "../../find.ts";
import { quotaLimit } from "../../quota/quota-words.ts";
import { describeOrganization } from "./view.ts";

export const updateOrganization = (berth: Berth) =>
  new Command("update")
    .description("Change an organization's quotas, also to less than it uses: more is refused then")
    .argument("<organization>", "name or id")
    .requiredOption("--quota <quota=limit>", "as clusters=10 or memory=64GiB, repeat for several", quotaLimit)
    .action(async (reference, { quota }, command) => {
      const session = berth.session(command);
      const { id } = await findOrganization(session, reference);
      const request = { params: { organization_id: id }, body: { quotas: quota } };
      const { body } = await (await session.client()).updateQuotas(request);
      await printThing(session, body, describeOrganization);
    });

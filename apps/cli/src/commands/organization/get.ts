import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { ownOrganization } from "../find.ts";
import { describeOrganization } from "./view.ts";

export const getOrganization = (berth: Berth) =>
  new Command("get").description("Show your organization").action(async (_, command) => {
    const session = berth.session(command);
    const params = { organization_id: await ownOrganization(session) };
    const { body } = await (await session.client()).getOrganization({ params });
    await printThing(session, body, describeOrganization);
  });

import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { getOrganization } from "./get.ts";
import { updateOrganization } from "./update.ts";

export const organization = (berth: Berth) =>
  new Command("organization")
    .description("See and change your organization")
    .addCommand(getOrganization(berth))
    .addCommand(updateOrganization(berth));

import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { getMember } from "./get.ts";
import { leaveOrganization } from "./leave.ts";
import { listMembers } from "./list.ts";
import { removeMember } from "./remove.ts";
import { updateMember } from "./update.ts";

export const member = (berth: Berth) =>
  new Command("member")
    .description("See, change and remove the people of the organization")
    .addCommand(listMembers(berth))
    .addCommand(getMember(berth))
    .addCommand(updateMember(berth))
    .addCommand(removeMember(berth))
    .addCommand(leaveOrganization(berth));

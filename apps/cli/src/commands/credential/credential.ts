import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { createCredential } from "./create.ts";
import { deleteCredential } from "./delete.ts";
import { getCredential } from "./get.ts";
import { listCredentials } from "./list.ts";

export const credential = (berth: Berth) =>
  new Command("credential")
    .description("Make, see and delete the users of a cluster")
    .addCommand(createCredential(berth))
    .addCommand(listCredentials(berth))
    .addCommand(getCredential(berth))
    .addCommand(deleteCredential(berth));

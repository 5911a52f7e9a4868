import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { createKey } from "./create.ts";
import { getKey } from "./get.ts";
import { listKeys } from "./list.ts";
import { revokeKey } from "./revoke.ts";
import { rotateKey } from "./rotate.ts";
import { updateKey } from "./update.ts";

export const key = (berth: Berth) =>
  new Command("key")
    .description("Make, see, change, rotate and revoke API keys")
    .addCommand(createKey(berth))
    .addCommand(listKeys(berth))
    .addCommand(getKey(berth))
    .addCommand(updateKey(berth))
    .addCommand(rotateKey(berth))
    .addCommand(revokeKey(berth));

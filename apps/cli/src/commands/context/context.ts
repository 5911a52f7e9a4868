import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { listContexts } from "./list.ts";
import { removeContext } from "./remove.ts";
import { showContext } from "./show.ts";
import { useContext } from "./use.ts";

export const context = (berth: Berth) =>
  new Command("context")
    .description("Choose between remembered APIs")
    .addCommand(listContexts(berth))
    .addCommand(useContext(berth))
    .addCommand(showContext(berth))
    .addCommand(removeContext(berth));

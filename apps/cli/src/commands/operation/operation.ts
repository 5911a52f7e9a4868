import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { getOperation } from "./get.ts";
import { listOperations } from "./list.ts";
import { watchOperation } from "./watch.ts";

export const operation = (berth: Berth) =>
  new Command("operation")
    .description("See and watch accepted changes")
    .addCommand(listOperations(berth))
    .addCommand(getOperation(berth))
    .addCommand(watchOperation(berth));

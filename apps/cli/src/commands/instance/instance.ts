import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { listInstances } from "./list.ts";

export const instance = (berth: Berth) =>
  new Command("instance").description("See the instances of a cluster").addCommand(listInstances(berth));

import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { listQuotas } from "./list.ts";

export const quota = (berth: Berth) =>
  new Command("quota").description("See what your organization may have, and has").addCommand(listQuotas(berth));

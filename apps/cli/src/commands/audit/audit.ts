import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { exportAudit } from "./export.ts";
import { getAuditEvent } from "./get.ts";
import { listAuditEvents } from "./list.ts";
import { verifyAudit } from "./verify.ts";

export const audit = (berth: Berth) =>
  new Command("audit")
    .description("See, export and check the record of who changed what")
    .addCommand(listAuditEvents(berth))
    .addCommand(getAuditEvent(berth))
    .addCommand(exportAudit(berth))
    .addCommand(verifyAudit(berth));

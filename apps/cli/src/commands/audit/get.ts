import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { describeAuditEvent } from "./view.ts";

export const getAuditEvent = (berth: Berth) =>
  new Command("get")
    .description("Show one row of the audit log, with what it changed")
    .argument("<audit-event>", "as aud_…")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const { body } = await client.getAuditEvent({ params: { audit_event_id: id } });
      await printThing(session, body, describeAuditEvent);
    });

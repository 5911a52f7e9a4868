import type { Command } from "@commander-js/extra-typings";
import { instant } from "../parse.ts";

/** The options by which rows of an audit log are found, on every command that reads some. */
export const withAuditFilter = (command: Command) =>
  command
    .option("--actor <id>", "only by this key, member or invitation; or by system")
    .option("--action <action>", "only this, as cluster.delete")
    .option("--target-type <type>", "only of targets of this type, as cluster")
    .option("--target <id>", "only of this target")
    .option("--since <time>", "from then on, as 2026-11-28T09:00:00Z, or 24h for so long ago", instant)
    .option("--until <time>", "before then", instant);

export function auditFilterOf(options: {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly targetType?: string | undefined;
  readonly target?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}) {
  return {
    actor: options.actor,
    action: options.action,
    target_type: options.targetType,
    target_id: options.target,
    created_after: options.since,
    created_before: options.until,
  };
}

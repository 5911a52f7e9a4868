import type { Command, OptionValues } from "@commander-js/extra-typings";
import { periodOf } from "../list-options.ts";

/** The options by which rows of an audit log are found, on every command that reads some. */
export const withAuditFilter = <Options extends OptionValues>(command: Command<[], Options>) =>
  command
    .option("--actor <id>", "only by this key, member or invitation; or by system")
    .option("--action <action>", "only this, as cluster.delete")
    .option("--target-type <type>", "only of targets of this type, as cluster")
    .option("--target <id>", "only of this target");

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
    ...periodOf(options),
  };
}

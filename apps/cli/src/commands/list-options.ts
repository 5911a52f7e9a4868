import { type Command, Option } from "@commander-js/extra-typings";
import { instant } from "./parse.ts";

/** When entries were made, on every command that reads some by time. */
export const withPeriod = (command: Command) =>
  command
    .option("--since <time>", "from then on, as 2026-11-28T09:00:00Z, or 24h for so long ago", instant)
    .option("--until <time>", "before then", instant);

const ORDERS = { newest: "-created_at", oldest: "created_at" } as const;

/** The same with the order in which they are listed. */
export const withListOptions = (command: Command) =>
  withPeriod(command).addOption(
    new Option("--order <order>", "which come first; newest when absent").choices(["newest", "oldest"] as const),
  );

export function periodOf({
  since,
  until,
}: {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}) {
  return { created_after: since, created_before: until };
}

/** As the API takes it; what is not given is not sent, so that a server of before knows all of it. */
export function listOptionsOf(
  options: Parameters<typeof periodOf>[0] & { readonly order?: keyof typeof ORDERS | undefined },
) {
  return { ...periodOf(options), ...(options.order === undefined ? {} : { order: ORDERS[options.order] }) };
}

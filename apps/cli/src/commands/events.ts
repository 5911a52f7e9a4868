import type { Event } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { type ListView, printList } from "../output/print.ts";
import { shellWord } from "../output/shell-word.ts";
import { formatTable } from "../output/table.ts";
import type { Berth } from "../program.ts";
import type { Session } from "../session.ts";
import { collect } from "./collect.ts";
import { findCluster } from "./find.ts";
import { wholeNumber } from "./parse.ts";

const EVENTS: ListView<Event> = {
  noun: "events",
  nameOf: (event) => event.id,
  columns: [
    { header: "time", value: (event) => event.created_at },
    { header: "type", value: (event) => event.type.padEnd(24) },
    { header: "target", value: (event) => event.target.id.padEnd(30) },
    { header: "data", value: (event) => JSON.stringify(event.data) },
    { header: "operation", value: (event) => event.operation_id ?? undefined, wide: true },
    { header: "id", value: (event) => event.id, wide: true },
  ],
};

export const events = (berth: Berth) =>
  new Command("events")
    .description("List or follow what happened; followed with -o json, one object a line")
    .option("-f, --follow", "go on with what happens from now on, until Ctrl-C")
    .option("--cluster <cluster>", "only of this cluster: name or id")
    .option("--operation <id>", "only of this operation")
    .option("--after <event>", "only later ones than this event")
    .option("--limit <n>", "at most so many", wholeNumber, 200)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const cluster = options.cluster === undefined ? undefined : await findCluster(session, options.cluster);
      const filter = {
        ...(cluster === undefined ? {} : { target_id: cluster.id }),
        ...(options.operation === undefined ? {} : { operation_id: options.operation }),
        ...(options.after === undefined ? {} : { after: options.after }),
      };
      if (options.follow !== true) {
        const page = await collect(options.limit, (query) => client.listEvents({ query: { ...query, ...filter } }));
        const which = options.after === undefined ? "the oldest" : "the first";
        const last = page.data.at(-1)?.id;
        const howToGoOn = `Only ${which} ${page.data.length}. Go on with: ${commandLine(options, { after: last })}`;
        return printList(session, page, EVENTS, howToGoOn);
      }
      let last: string | undefined;
      for await (const event of client.follow.listEvents({ query: filter, signal: session.io.interrupted })) {
        last = event.id;
        printEvent(session, event);
      }
      if (session.io.interrupted.aborted) {
        const hint = `Go on with: ${commandLine(options, { after: last ?? options.after })}`;
        throw new Failure(EXIT_CODES.interrupted, "stopped following", { hint });
      }
    });

interface EventsOptions {
  readonly follow?: true | undefined;
  readonly cluster?: string | undefined;
  readonly operation?: string | undefined;
}

/** The same command from another event on. */
function commandLine({ follow, cluster, operation }: EventsOptions, { after }: { after: string | undefined }): string {
  const options = [
    ["--cluster", cluster],
    ["--operation", operation],
    ["--after", after],
  ] as const;
  const words = options.flatMap(([option, value]) => (value === undefined ? [] : [option, shellWord(value)]));
  return ["berth events", ...(follow === true ? ["-f"] : []), ...words].join(" ");
}

function printEvent({ io, output }: Session, event: Event): void {
  if (output === "name") io.out(`${event.id}\n`);
  else if (output === "json" || output === "yaml") io.out(`${JSON.stringify(event)}\n`);
  else io.out(formatTable(EVENTS.columns, [event], { wide: output === "wide", header: false }));
}

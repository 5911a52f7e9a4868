import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile } from "../../contexts/context-file.ts";
import { type ListView, printList } from "../../output/print.ts";
import type { Berth } from "../../program.ts";

interface Row {
  readonly name: string;
  readonly current: boolean;
  readonly api_url: string;
}

const VIEW: ListView<Row> = {
  noun: "contexts",
  nameOf: (row) => row.name,
  columns: [
    { header: "current", value: (row) => (row.current ? "*" : "") },
    { header: "name", value: (row) => row.name },
    { header: "api url", value: (row) => row.api_url },
  ],
};

export const listContexts = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List remembered contexts")
    .action(async (_, command) => {
      const session = berth.session(command);
      const file = await readContextFile(await contextFilePath(session.io.env));
      const data = [...file.contexts].map(([name, { apiUrl }]) => ({
        name,
        current: name === file.current,
        api_url: apiUrl,
      }));
      await printList(session, { data }, VIEW);
    });

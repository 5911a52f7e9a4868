import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile, writeContextFile } from "../../contexts/context-file.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import type { Berth } from "../../program.ts";

export const useContext = (berth: Berth) =>
  new Command("use")
    .description("Use a context from now on")
    .argument("<context>")
    .action(async (name, _, command) => {
      const session = berth.session(command);
      const path = await contextFilePath(session.io.env);
      const file = await readContextFile(path);
      if (!file.contexts.has(name)) {
        throw new Failure(EXIT_CODES.notFound, `no context named ${name}`, { hint: "See: berth context list" });
      }
      await writeContextFile(path, { ...file, current: name });
      session.note(`Using ${name}.`);
    });

import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile, writeContextFile } from "../../contexts/context-file.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import type { Berth } from "../../program.ts";

export const removeContext = (berth: Berth) =>
  new Command("remove")
    .alias("rm")
    .description("Forget a context and its key")
    .argument("<context>")
    .action(async (name, _, command) => {
      const session = berth.session(command);
      const path = await contextFilePath(session.io.env);
      const file = await readContextFile(path);
      const contexts = new Map(file.contexts);
      if (!contexts.delete(name)) {
        throw new Failure(EXIT_CODES.notFound, `no context named ${name}`, { hint: "See: berth context list" });
      }
      await writeContextFile(path, { current: file.current === name ? undefined : file.current, contexts });
      session.note(`Forgot ${name}. The key itself is still valid.`);
    });

import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile, writeContextFile } from "../contexts/context-file.ts";
import { usageFailure } from "../failure.ts";
import type { Berth } from "../program.ts";
import { askSecret, askText } from "../prompts.ts";
import type { Session } from "../session.ts";

interface LoginOptions {
  readonly apiUrl?: string;
  readonly apiKeyStdin?: true;
  readonly name: string;
}

export const login = (berth: Berth) =>
  new Command("login")
    .description("Remember an API and a key under a name, and use them from now on")
    .option("--api-url <url>", "address of the API (else BERTH_API_URL, or asked for)")
    .option("--api-key-stdin", "read the key from stdin (else BERTH_API_KEY, or asked for)")
    .option("--name <name>", "name of the context", "default")
    .action(async (options, command) => {
      const session = berth.session(command);
      const apiUrl = options.apiUrl ?? session.io.env.BERTH_API_URL ?? (await ask(session, "API URL", "--api-url URL"));
      const apiKey = await readKey(session, options as LoginOptions);

      // A key that does not work is not worth remembering.
      const { openClient } = await import("../open-client.ts");
      const { body: me } = await openClient({ apiUrl, apiKey }).getMe();
      const path = await contextFilePath(session.io.env);
      const file = await readContextFile(path);
      const contexts = new Map(file.contexts).set(options.name, { apiUrl, apiKey });
      await writeContextFile(path, { current: options.name, contexts });
      session.note(`Logged in to ${apiUrl} as ${me.principal.name} of ${me.organization.name} (${path}).`);
    });

async function readKey(session: Session, options: LoginOptions): Promise<string> {
  if (options.apiKeyStdin === true) {
    const key = (await session.io.readStdin()).trim();
    if (key === "") throw usageFailure("no key came on stdin");
    return key;
  }
  const fromEnvironment = session.io.env.BERTH_API_KEY;
  if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
  if (!session.mayAsk) throw usageFailure("no API key", "Set BERTH_API_KEY, or pipe it in with --api-key-stdin.");
  return askSecret(session, "API key");
}

async function ask(session: Session, message: string, option: string): Promise<string> {
  if (!session.mayAsk) throw usageFailure(`no ${message}`, `Add ${option}.`);
  return askText(session, message, { placeholder: "http://127.0.0.1:7070" });
}

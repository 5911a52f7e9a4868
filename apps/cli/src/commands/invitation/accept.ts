import { Command } from "@commander-js/extra-typings";
import { contextFilePath, readContextFile, writeContextFile } from "../../contexts/context-file.ts";
import { resolveApiUrl } from "../../contexts/resolve-context.ts";
import { usageFailure } from "../../failure.ts";
import { printBody } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { askSecret } from "../../prompts.ts";
import type { Session } from "../../session.ts";

export const acceptInvitation = (berth: Berth) =>
  new Command("accept")
    .description("Accept an invitation: takes its token, and gives your first API key")
    .requiredOption("--name <name>", "what you are called")
    .option("--token-stdin", "read the token from stdin (else BERTH_INVITATION_TOKEN, or asked for)")
    .option("--api-url <url>", "address of the API (else BERTH_API_URL, or that of the context)")
    .option("--login <context>", "remember the key under this name instead of printing it")
    .action(async (options, command) => {
      const session = berth.session(command);
      const apiUrl = options.apiUrl ?? (await resolveApiUrl(session.io.env, session.context));
      const token = await readToken(session, options.tokenStdin === true);
      const { openClient } = await import("../../open-client.ts");
      const { body } = await openClient({ apiUrl }).acceptInvitation({ body: { token, name: options.name } });

      const { key } = body.api_key;
      const shown = options.login === undefined ? body : { ...body, api_key: { ...body.api_key, key: undefined } };
      if (options.login !== undefined) await remember(session, options.login, { apiUrl, apiKey: key });
      await printBody(session, shown, ({ organization, member, api_key }) =>
        formatFacts([
          ["Organization", `${organization.name} (${organization.id})`],
          ["Member", `${member.email} (${member.id})`],
          ["Role", member.role],
          ["Key expires", api_key.expires_at],
          ...(api_key.key === undefined ? [] : [["Key", api_key.key] as const]),
        ]),
      );
      if (options.login === undefined) session.note("The key is shown this once. Keep it with: berth login");
    });

async function remember(session: Session, name: string, context: { readonly apiUrl: string; readonly apiKey: string }) {
  const path = await contextFilePath(session.io.env);
  const file = await readContextFile(path);
  await writeContextFile(path, { current: name, contexts: new Map(file.contexts).set(name, context) });
  session.note(`The key is kept as the context ${name} (${path}).`);
}

/** Not an argument: command lines are seen by everybody on the machine. */
async function readToken(session: Session, fromStdin: boolean): Promise<string> {
  const given = fromStdin ? (await session.io.readStdin()).trim() : session.io.env.BERTH_INVITATION_TOKEN;
  if (given !== undefined && given !== "") return given;
  if (fromStdin || !session.mayAsk) {
    throw usageFailure("no token", "Pipe it in with --token-stdin, or set BERTH_INVITATION_TOKEN.");
  }
  return askSecret(session, "Token of the invitation");
}

import { Command } from "@commander-js/extra-typings";
import { resolveContext } from "../../contexts/resolve-context.ts";
import { printBody } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";
import type { Berth } from "../../program.ts";

export const showContext = (berth: Berth) =>
  new Command("show").description("Show which API and key would be used now").action(async (_, command) => {
    const session = berth.session(command);
    const { name, apiUrl, apiKey } = await resolveContext(session.io.env, session.context);
    const body = { name, api_url: apiUrl, api_key_hint: apiKey.slice(-4) };
    await printBody(session, body, () =>
      formatFacts([
        ["Context", name],
        ["API URL", apiUrl],
        ["Key", `…${body.api_key_hint}`],
      ]),
    );
  });

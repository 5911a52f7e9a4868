import type { CreateApiKeyBody } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { durationMs } from "../parse.ts";
import { limitsOfOptions, withLimits } from "./limits.ts";
import { describeNewKey, SHOWN_ONCE } from "./view.ts";

const EXAMPLES = `
Examples:
  berth key create ci --scopes clusters:read,clusters:write --expires-in 30d
  berth key create deploy --projects prj_… --cidrs 203.0.113.0/24 -o json | jq -r .key`;

export const createKey = (berth: Berth) =>
  withLimits(new Command("create").description("Make an API key that can no more than yours, and show it: this once"))
    .argument("<name>")
    .option("--expires-in <time>", "as 30d or 12h, at most a year (90 days when absent)", durationMs)
    .option("--personal", "it acts for you: no more than your role allows, and it ends when you leave")
    .option("--no-personal", "it is the organization's own")
    .addHelpText("after", EXAMPLES)
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const body: CreateApiKeyBody = {
        name,
        ...limitsOfOptions(options),
        ...(options.personal === undefined ? {} : { personal: options.personal }),
      };
      const client = await session.client();
      const { body: made } = await client.createApiKey({ body });
      await printThing(session, made, describeNewKey);
      session.note(SHOWN_ONCE);
    });

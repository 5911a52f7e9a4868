import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { findKey } from "../find.ts";

export const revokeKey = (berth: Berth) =>
  new Command("revoke")
    .description("End an API key for good: it opens nothing any more within five seconds")
    .argument("<key>", "name or id")
    .action(async (reference, _, command) => {
      const session = berth.session(command);
      // By its id without a look: a key may revoke itself that may not read keys.
      const id = reference.startsWith("key_") ? reference : (await findKey(session, reference)).id;
      if (session.mayAsk) await session.confirm(`Revoke ${reference} (${id})? There is no way back.`);
      const { body } = await (await session.client()).revokeApiKey({ params: { api_key_id: id } });
      await printThing(session, body, () => `${body.name} (${body.id}) is revoked\n`);
    });

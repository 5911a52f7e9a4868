import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import type { Berth } from "../../program.ts";
import { findKey } from "../find.ts";
import { durationMs } from "../parse.ts";
import { describeNewKey, SHOWN_ONCE } from "./view.ts";

const HOUR_MS = 3_600_000;

export const rotateKey = (berth: Berth) =>
  new Command("rotate")
    .description("Replace an API key by a new one with the same settings, and show that: this once")
    .argument("<key>", "name or id")
    .option(
      "--overlap <time>",
      "how long the old one goes on working, at most 7d; 0 ends it at once",
      durationMs,
      HOUR_MS,
    )
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { id } = await findKey(session, reference);
      const body = { overlap_seconds: Math.round(options.overlap / 1000) };
      const { body: made } = await (await session.client()).rotateApiKey({ params: { api_key_id: id }, body });
      await printThing(session, made, describeNewKey);
      session.note(SHOWN_ONCE);
      const { previous } = made;
      session.note(
        previous.state === "active" && previous.expires_at !== null
          ? `The old key ${previous.id} works until ${previous.expires_at}.`
          : `The old key ${previous.id} is ${previous.state}.`,
      );
    });

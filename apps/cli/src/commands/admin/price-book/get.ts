import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { describePriceBook } from "./view.ts";

export const getPriceBook = (berth: Berth) =>
  new Command("get")
    .description("Show one price book, with all of its prices")
    .argument("<price-book>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getPriceBook({ params: { price_book_id: id } });
      await printThing(session, body, describePriceBook);
    });

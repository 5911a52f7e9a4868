import { Command } from "@commander-js/extra-typings";
import { printList } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import { readText } from "../../read-text.ts";
import { COMMITMENTS } from "./view.ts";

export const importCommitments = (berth: Berth) =>
  new Command("import")
    .description("Tell of the commitments of a file: all of them, or none where one of its lines has a fault")
    .argument(
      "<path>",
      "CSV with a heading, as kind,region,machine_type,offering_class,term,payment_option,count,upfront,per_hour,external_id,starts_at; or - for stdin",
    )
    .action(async (path, _, command) => {
      const session = berth.session(command);
      const csv = await readText(session, path);
      const { body } = await (await session.client()).importCommitments({ body: { csv } });
      await printList(session, { ...body, next_page_token: null }, COMMITMENTS);
    });

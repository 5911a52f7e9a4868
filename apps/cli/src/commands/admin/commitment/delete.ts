import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../../program.ts";
import { describeCommitment } from "./view.ts";

export const deleteCommitment = (berth: Berth) =>
  new Command("delete")
    .description("Forget a commitment that was registered in error; what was bought stays bought")
    .argument("<commitment>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { commitment_id: id };
      if (session.mayAsk)
        await session.confirm(`${describeCommitment((await client.getCommitment({ params })).body)}Forget it?`);
      await client.deleteCommitment({ params });
      session.note(`${id} is not known any more.`);
    });

import { Command, Option } from "@commander-js/extra-typings";
import { printThing } from "../../output/print.ts";
import { formatFacts } from "../../output/table.ts";
import type { Berth } from "../../program.ts";
import { followOperation } from "../../watch/follow-operation.ts";
import { reserveCredentialFile } from "../cluster/credential-file.ts";
import { findCluster } from "../find.ts";
import { durationMs } from "../parse.ts";

const ROLES = ["admin", "read"] as const;

export const createCredential = (berth: Berth) =>
  new Command("create")
    .description("Make another user of a cluster, and show its password: this once")
    .argument("<cluster>", "name or id")
    .option("--username <name>", "made up when absent")
    .addOption(new Option("--role <role>", "admin: all data; read: search only (admin when absent)").choices(ROLES))
    .option("--wait", "until the engine knows it")
    .option("--timeout <time>", "give up waiting after so long, as 10m", durationMs)
    .option("--credential-file <path>", "write user and password there (0600) instead of showing them")
    .action(async (reference, options, command) => {
      const session = berth.session(command);
      const { id } = await findCluster(session, reference);
      // Made before the user: a password that cannot be kept would be lost for good.
      const file =
        options.credentialFile === undefined ? undefined : await reserveCredentialFile(options.credentialFile);
      const client = await session.client();
      const body = {
        ...(options.username === undefined ? {} : { username: options.username }),
        ...(options.role === undefined ? {} : { role: options.role }),
      };
      const { body: made } = await client
        .createCredential({ params: { cluster_id: id }, body })
        .catch(async (error) => {
          await file?.discard();
          throw error;
        });
      await file?.write(made);
      await printThing(session, made, ({ username, password, role }) =>
        formatFacts([
          ["User", `${username} (${made.id})`],
          ["Role", role],
          ["Password", file === undefined ? `${password}   (shown this once)` : `in ${file.path}`],
        ]),
      );

      const operation = made.current_operation;
      if (operation === null) return;
      if (options.wait !== true) session.note(`Watch with: berth operation watch ${operation.id}`);
      else {
        await followOperation(session, operation.id, { timeoutMs: options.timeout });
        session.note(`${made.username} can be used. Next: berth cluster connect ${id}`);
      }
    });

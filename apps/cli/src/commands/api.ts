import { readFile } from "node:fs/promises";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../failure.ts";
import type { Berth } from "../program.ts";
import type { Session } from "../session.ts";

export const METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"] as const;
const EXAMPLES = `
Examples:
  berth api GET '/v1/clusters?limit=5'
  echo '{"labels":{"team":"search"}}' | berth api PATCH /v1/clusters/cl_… --body -`;

export const api = (berth: Berth) =>
  new Command("api")
    .description("Send one request to the API as it is, and print the answer's body")
    .argument("<method>", METHODS.join(", "))
    .argument("<path>", "as /v1/me")
    .option("--body <json>", "JSON, @FILE, or - for stdin")
    .addOption(new Option("--idempotency-key <key>", "of a POST; made up when absent"))
    .option("-i, --include", "print status and headers too, on stderr")
    .addHelpText("after", EXAMPLES)
    .action(async (methodWord, path, options, command) => {
      const session = berth.session(command);
      const method = methodWord.toUpperCase();
      if (!(METHODS as readonly string[]).includes(method)) throw usageFailure(`no such method: ${methodWord}`);
      if (!path.startsWith("/")) throw usageFailure("the path starts with /", "As: berth api GET /v1/me");

      const client = await session.client();
      const body = options.body === undefined ? undefined : parse(await readBody(session, options.body));
      const answer = await client.request({
        method,
        path,
        body,
        signal: session.io.interrupted,
        ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
      });
      if (options.include === true) {
        session.note(String(answer.status));
        for (const [name, value] of answer.headers) session.note(`${name}: ${value}`);
      }
      if (answer.body !== undefined) session.io.out(`${JSON.stringify(answer.body, undefined, 2)}\n`);
    });

async function readBody(session: Session, given: string): Promise<string> {
  if (given === "-") return session.io.readStdin();
  if (!given.startsWith("@")) return given;
  try {
    return await readFile(given.slice(1), "utf8");
  } catch (error) {
    throw usageFailure(`cannot read ${given.slice(1)}: ${(error as Error).message}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageFailure(`the body is not JSON: ${(error as Error).message}`);
  }
}

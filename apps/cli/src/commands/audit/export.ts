import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { openProgressLine } from "../../output/progress-line.ts";
import type { Berth } from "../../program.ts";
import type { Session } from "../../session.ts";
import { auditFilterOf, withAuditFilter } from "./filter.ts";

const EXAMPLES = `
Examples:
  berth audit export --file audit.jsonl && berth audit verify --file audit.jsonl
  berth audit export --format csv --since 30d > audit.csv`;

export const exportAudit = (berth: Berth) =>
  withAuditFilter(new Command("export"))
    .description("Write the audit log out, oldest first, however long it is")
    .addOption(new Option("--format <format>", "a JSON row a line, or CSV").choices(["jsonl", "csv"]).default("jsonl"))
    .option("--file <file>", "write there instead of stdout; it appears when it is whole")
    .addHelpText("after", EXAMPLES)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const query = { format: options.format as "jsonl" | "csv", ...auditFilterOf(options) };
      const chunks = client.download.exportAuditEvents({ query, signal: session.io.interrupted });
      if (options.file === undefined) return toStdout(session, chunks);
      const rows = await toFile(session, chunks, options.file);
      session.note(`${rows - (query.format === "csv" ? 1 : 0)} rows in ${options.file}`);
    });

async function toStdout({ io }: Session, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    io.out(decoder.decode(chunk, { stream: true }));
    await io.drained();
  }
}

/** Writes to a file beside the one that was asked for, and gives it that name at the end. Gives the number of lines. */
async function toFile({ io }: Session, chunks: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const draft = `${path}.${process.pid}.part`;
  const progress = openProgressLine(io);
  let handle: FileHandle;
  try {
    handle = await open(draft, "w", 0o600);
  } catch (error) {
    throw usageFailure(`cannot write ${path}: ${(error as Error).message}`);
  }
  try {
    let lines = 0;
    for await (const chunk of chunks) {
      await handle.appendFile(chunk);
      for (const byte of chunk) if (byte === LINE_FEED) lines += 1;
      progress.update(`${lines} rows`);
    }
    await handle.sync();
    await handle.close();
    await rename(draft, path);
    return lines;
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  } finally {
    progress.end();
  }
}

const LINE_FEED = 10;

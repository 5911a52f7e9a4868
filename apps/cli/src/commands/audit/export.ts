import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Command, Option } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import type { Io } from "../../io.ts";
import { openProgressLine } from "../../output/progress-line.ts";
import type { Berth } from "../../program.ts";
import { withPeriod } from "../list-options.ts";
import { auditFilterOf, withAuditFilter } from "./filter.ts";

const EXAMPLES = `
Examples:
  berth audit export --file audit.jsonl && berth audit verify --file audit.jsonl
  berth audit export --format csv --since 30d > audit.csv`;

export const exportAudit = (berth: Berth) =>
  withAuditFilter(withPeriod(new Command("export")))
    .description("Write the audit log out, oldest first, however long it is")
    .addOption(new Option("--format <format>", "a JSON row a line, or CSV").choices(["jsonl", "csv"]).default("jsonl"))
    .option("--file <file>", "write there instead of stdout; it appears when it is whole")
    .addHelpText("after", EXAMPLES)
    .action(async (options, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const query = { format: options.format as "jsonl" | "csv", ...auditFilterOf(options) };
      const chunks = client.download.exportAuditEvents({ query, signal: session.io.interrupted });
      if (options.file === undefined) return toStdout(session.io, chunks);
      const lines = await toFile(session.io, chunks, options.file);
      session.note(`${lines - (query.format === "csv" ? 1 : 0)} rows in ${options.file}`);
    });

async function toStdout(io: Io, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  const write = async (chunk: Uint8Array) => {
    io.out(decoder.decode(chunk, { stream: true }));
    await io.drained();
  };
  if (!io.terminal.out) return void (await eachCounted(io, chunks, write));
  // What is written is its own progress.
  for await (const chunk of chunks) await write(chunk);
}

/** Writes to a file beside the one that was asked for, and gives it that name at the end. Gives the number of lines. */
async function toFile(io: Io, chunks: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const draft = `${path}.${process.pid}.part`;
  let handle: FileHandle;
  try {
    handle = await open(draft, "w", 0o600);
  } catch (error) {
    throw usageFailure(`cannot write ${path}: ${(error as Error).message}`);
  }
  try {
    const lines = await eachCounted(io, chunks, (chunk) => handle.appendFile(chunk));
    await handle.sync();
    await handle.close();
    await rename(draft, path);
    return lines;
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

const LINE_FEED = 10;

/** Writes each piece, and says on a terminal how many lines have come. Gives their number. */
async function eachCounted(
  io: Io,
  chunks: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<number> {
  const progress = openProgressLine(io);
  let lines = 0;
  try {
    for await (const chunk of chunks) {
      await write(chunk);
      for (const byte of chunk) if (byte === LINE_FEED) lines += 1;
      progress.update(`${lines} rows`);
    }
    return lines;
  } finally {
    progress.end();
  }
}

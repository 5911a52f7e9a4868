import { CommanderError } from "@commander-js/extra-typings";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { Failure, usageFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { buildProgram } from "./program.ts";
import { VERSION } from "./version.ts";

export { processIo } from "./io.ts";

/** Runs one command line, without the program's name, to its exit code. Never throws: a bug is printed as one. */
export async function runBerth(argv: readonly string[], io: Io): Promise<ExitCode> {
  const words = [...argv];
  try {
    if (words[0] === "completion-server") {
      await (await import("./completion-server.ts")).serveCompletion(io);
      return EXIT_CODES.ok;
    }
    const program = await buildProgram(io, words, { sayUsage: !wantsJson(words) });
    if (words.length === 0) {
      program.outputHelp();
      return EXIT_CODES.ok;
    }
    // Not commander's own: `cluster create --version` means the engine's, and options of the program hold everywhere.
    if (words[0] === "--version" || words[0] === "-V") {
      io.out(`berth ${VERSION}\n`);
      return EXIT_CODES.ok;
    }
    await endOrInterruption(program.parseAsync(words, { from: "user" }), io.interrupted);
    return EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_CODES.ok;
      // For people commander has said it already.
      if (wantsJson(words)) report(usageFailure(error.message.replace(/^error: /, "")), io, true);
      return EXIT_CODES.usage;
    }
    const failure = await toFailure(error, io);
    report(failure, io, wantsJson(words));
    return failure.exitCode;
  }
}

/** How long a command that watches may take to say how to resume, before Ctrl-C ends it without a word. */
const LEAVE_MS = 2000;

/** The command's own end; or, some time after Ctrl-C, a failure in its stead: a request that hangs must not hold us. */
async function endOrInterruption(command: Promise<unknown>, interrupted: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const interruption = new Promise<never>((_, reject) => {
    interrupted.addEventListener("abort", () => {
      timer = setTimeout(() => reject(new Failure(EXIT_CODES.interrupted, "interrupted")), LEAVE_MS);
    });
  });
  try {
    await Promise.race([command, interruption]);
  } finally {
    clearTimeout(timer);
  }
}

async function toFailure(error: unknown, io: Io): Promise<Failure> {
  if (error instanceof Failure) return error;
  if (io.interrupted.aborted) return new Failure(EXIT_CODES.interrupted, "interrupted");
  const { failureOfClientError } = await import("./open-client.ts");
  return failureOfClientError(error) ?? bug(error);
}

function bug(error: unknown): Failure {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(EXIT_CODES.failure, `this is a fault in berth itself:\n${text}`, { code: "cli_internal" });
}

function report(failure: Failure, io: Io, json: boolean): void {
  if (json) {
    io.err(`${JSON.stringify(failure.problem, undefined, 2)}\n`);
    return;
  }
  io.err(`error: ${failure.message}\n`);
  if (failure.hint !== undefined) io.err(`${failure.hint}\n`);
}

/** Errors may come before the options are parsed, or because they cannot be, so this looks at the words themselves. */
function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      word === "--output=json" ||
      word === "-ojson" ||
      ((word === "-o" || word === "--output") && words[index + 1] === "json"),
  );
}

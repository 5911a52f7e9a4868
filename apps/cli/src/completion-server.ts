import { ARGUMENTS, LISTS, OPTIONS, type Source } from "./completion-sources.ts";
import type { Io } from "./io.ts";
import { type AnyCommand, buildProgram } from "./program.ts";
import { Session } from "./session.ts";

/** How long the API may take: a person waits with a finger on the key. */
const PATIENCE_MS = 2000;

/**
 * The words that could stand where the cursor is, given the words before it and what is typed of this one. Never throws:
 * no completion is better than an error in the middle of somebody's command line.
 */
export async function completeWords(io: Io, before: readonly string[], typed: string): Promise<readonly string[]> {
  const program = await buildProgram(io, [], { everything: true });
  const { command, operands, pending } = locate(program, before);
  if (pending !== undefined) {
    const { flags, argChoices } = pending;
    const values = argChoices ?? (await fromApi(io, OPTIONS[flags], operands));
    return LISTS.includes(flags) ? continueList(typed, values) : values;
  }

  const children = command.commands.map((child) => child.name());
  const argument = command.registeredArguments[operands.length];
  const values =
    argument === undefined ? [] : (argument.argChoices ?? (await fromApi(io, ARGUMENTS[argument.name()], operands)));
  const options = [...command.options, ...program.options].map((option) => option.long ?? "").filter(Boolean);
  return [...children, ...values, ...options];
}

/** `a,b` with each value that could come after its last comma. */
function continueList(typed: string, values: readonly string[]): readonly string[] {
  const before = typed.split(",").slice(0, -1);
  return values.filter((value) => !before.includes(value)).map((value) => [...before, value].join(","));
}

interface Place {
  readonly command: AnyCommand;
  /** The command's arguments that stand there already. */
  readonly operands: readonly string[];
  /** The option whose value comes next. */
  readonly pending: { readonly flags: string; readonly argChoices?: readonly string[] | undefined } | undefined;
}

function locate(program: AnyCommand, words: readonly string[]): Place {
  let command = program;
  const operands: string[] = [];
  let pending: Place["pending"];
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (word.startsWith("-")) {
      const option = [...command.options, ...program.options].find((one) => one.long === word || one.short === word);
      if (option?.required === true) pending = option;
    } else {
      const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (child === undefined) operands.push(word);
      else command = child as AnyCommand;
    }
  }
  return { command, operands, pending };
}

async function fromApi(io: Io, source: Source | undefined, operands: readonly string[]): Promise<readonly string[]> {
  if (source === undefined) return [];
  const late = new Promise<readonly string[]>((resolve) => setTimeout(() => resolve([]), PATIENCE_MS).unref());
  const asked = source(new Session(io, { input: false }), operands).catch(() => []);
  return [...new Set(await Promise.race([asked, late]))];
}

/** What the scripts of `berth completion` call: `berth completion-server -- WORDS`, with the cursor in the environment. */
export async function serveCompletion(io: Io): Promise<void> {
  const { getShellFromEnv, log, parseEnv } = await import("@pnpm/tabtab");
  const { line, partial } = parseEnv(io.env as Record<string, string>);
  const typed = (partial || line).split(/\s+/).slice(1);
  const words = await completeWords(io, typed.slice(0, -1), typed.at(-1) ?? "");
  // As objects: what follows the colon of a bare word (`clusters:read`) would be taken for its description.
  const items = words.map((name) => ({ name }));
  log(items, getShellFromEnv(io.env), (text) => io.out(`${text}\n`));
}

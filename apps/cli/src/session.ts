import type { Client } from "@berth/client";
import { resolveContext } from "./contexts/resolve-context.ts";
import { usageFailure } from "./failure.ts";
import type { Io } from "./io.ts";

export const OUTPUT_FORMATS = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** The options that every command takes. */
export interface GlobalOptions {
  readonly output?: OutputFormat | undefined;
  readonly context?: string | undefined;
  readonly input?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** One run of the program: the process around it, what was asked for on every command, and the API. */
export class Session {
  readonly io: Io;
  readonly output: OutputFormat;
  /** Whether questions may be asked: on a terminal, and unless --no-input or --yes was given. */
  readonly mayAsk: boolean;
  /** `--yes`: the answer to every question is yes. */
  readonly yes: boolean;
  /** `--context`: a remembered context asked for by name. */
  readonly context: string | undefined;
  #client: Promise<Client> | undefined;

  constructor(io: Io, options: GlobalOptions) {
    this.io = io;
    this.output = options.output ?? "table";
    this.yes = options.yes === true;
    this.mayAsk = io.terminal.in && io.terminal.err && options.input !== false && !this.yes;
    this.context = options.context;
  }

  /** Opens the API once; loading the contract takes longer than many commands, so not before it is needed. */
  client(): Promise<Client> {
    this.#client ??= this.#open();
    return this.#client;
  }

  /** Progress and remarks for people. */
  note(text: string): void {
    this.io.err(`${text}\n`);
  }

  /** Asks before something that cannot be undone; without a terminal the caller must have said --yes. */
  async confirm(question: string): Promise<void> {
    if (this.yes) return;
    if (!this.mayAsk) throw usageFailure(`not confirmed: ${question}`, "Add --yes.");
    const { askYes } = await import("./prompts.ts");
    if (!(await askYes(this, question, false))) throw usageFailure("not confirmed; nothing was done");
  }

  async #open(): Promise<Client> {
    const context = await resolveContext(this.io.env, this.context);
    const { openClient } = await import("./open-client.ts");
    return openClient(context);
  }
}

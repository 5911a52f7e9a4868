import { EXIT_CODES } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Session } from "./session.ts";

/**
 * Questions to a person, on stderr. Whoever leaves one (Ctrl-C, Escape, a signal) ends the command as interrupted: no
 * question is asked after a change was made.
 */

interface TextQuestion {
  readonly placeholder?: string;
  /** Taken when nothing is typed. */
  readonly defaultValue?: string;
  /** What is wrong with an answer; undefined when nothing is. */
  readonly fault?: (text: string) => string | undefined;
}

/** One line; not empty, unless a fault is looked for or a default stands in for it. */
export async function askText(session: Session, message: string, question: TextQuestion = {}): Promise<string> {
  const { text } = await import("@clack/prompts");
  const { fault = isEmpty, ...rest } = question;
  const validate = (typed: string | undefined) => fault((typed ?? "") || (question.defaultValue ?? ""));
  return answered(await text({ ...streamsOf(session), message, ...rest, validate }));
}

/** One line that nobody sees; not empty. */
export async function askSecret(session: Session, message: string): Promise<string> {
  const { password } = await import("@clack/prompts");
  const validate = (typed: string | undefined) => isEmpty(typed ?? "");
  return answered(await password({ ...streamsOf(session), message, validate }));
}

/** One of several, each with what is shown for it; the first one unless another is picked. */
export async function askChoice<T>(
  session: Session,
  message: string,
  options: readonly { readonly value: T; readonly label: string }[],
): Promise<T> {
  const { select } = await import("@clack/prompts");
  const choices = options.map(({ label }, index) => ({ value: index, label }));
  const picked = options[answered(await select({ ...streamsOf(session), message, options: choices }))];
  if (picked === undefined) throw new Error(`${message}: there is nothing to choose from`);
  return picked.value;
}

/** Yes or no; Enter alone is `initial`. */
export async function askYes(session: Session, message: string, initial: boolean): Promise<boolean> {
  const { confirm } = await import("@clack/prompts");
  return answered(await confirm({ ...streamsOf(session), message, initialValue: initial }));
}

function streamsOf({ io }: Session) {
  return { ...io.prompts, signal: io.interrupted };
}

function isEmpty(text: string): string | undefined {
  return text === "" ? "It cannot be empty." : undefined;
}

/** The prompts give a symbol in place of an answer that nobody gave. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw new Failure(EXIT_CODES.interrupted, "interrupted; nothing was done");
  return answer as Exclude<T, symbol>;
}

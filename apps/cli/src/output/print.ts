import type { Session } from "../session.ts";
import { type Column, formatTable } from "./table.ts";

/** How things of one kind are listed. */
export interface ListView<Row> {
  /** Plural, as in `no clusters`. */
  readonly noun: string;
  readonly columns: readonly Column<Row>[];
  nameOf(row: Row): string;
}

interface List<Row> {
  readonly data: readonly Row[];
  /** Not null when entries were left out. */
  readonly next_page_token?: string | null;
}

/**
 * Prints a list in the form that was asked for. `json` and `yaml` are the API's answer unchanged, `name` one id a line,
 * so that it can be piped into whatever takes ids.
 *
 * @param howToGoOn what is said on stderr where entries were left out and the data does not tell
 */
export async function printList<Row>(
  session: Session,
  list: List<Row>,
  view: ListView<Row>,
  howToGoOn = `Only the first ${list.data.length}: more with --limit`,
): Promise<void> {
  if (!(await printRaw(session, list, () => list.data.map(view.nameOf)))) {
    if (list.data.length === 0) session.note(`No ${view.noun}.`);
    else session.io.out(formatTable(view.columns, list.data, { wide: session.output === "wide" }));
  }
  const tells = session.output === "json" || session.output === "yaml";
  if (!tells && (list.next_page_token ?? null) !== null) session.note(howToGoOn);
}

/** Prints one thing; `describe` is what people see. */
export async function printThing<T extends { readonly id: string }>(
  session: Session,
  thing: T,
  describe: (thing: T) => string,
): Promise<void> {
  if (!(await printRaw(session, thing, () => [thing.id]))) session.io.out(describe(thing));
}

/** Prints a body without an id of its own. */
export async function printBody<T>(session: Session, body: T, describe: (body: T) => string): Promise<void> {
  if (!(await printRaw(session, body, () => []))) session.io.out(describe(body));
}

/** Handles the formats for programs; false when people are meant. */
async function printRaw(session: Session, body: unknown, names: () => readonly string[]): Promise<boolean> {
  switch (session.output) {
    case "json":
      session.io.out(`${JSON.stringify(body, undefined, 2)}\n`);
      return true;
    case "yaml": {
      const { stringify } = await import("yaml");
      session.io.out(stringify(body));
      return true;
    }
    case "name":
      session.io.out(
        names()
          .map((name) => `${name}\n`)
          .join(""),
      );
      return true;
    default:
      return false;
  }
}

import pg from "pg";
import type { Statement } from "./sql.ts";
import { preparedName } from "./statement-name.ts";

/**
 * A statement that is told first whose it is, in one message to the server and one transaction: the settings are bound and
 * run before it, and one Sync ends both. That is the implicit transaction of PostgreSQL's extended protocol, so settings that
 * are local to the transaction are gone with the answer.
 *
 * Begin, set, select and commit as four statements are four answers to wait for and to read: more than half of what a short
 * read costs on both sides. What the columns of a statement are is asked once a connection, which keeps it prepared: the
 * server refuses to run it when they have changed. PgBouncer would prepare it anew elsewhere and say nothing: behind one, a
 * migration that changes a column's type needs the API started again.
 */
export function scopedRead<Row extends object>(
  client: pg.PoolClient,
  settings: Statement,
  statement: Statement,
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    client.query(
      new ScopedQuery(settings, statement, (error, result) => (error ? reject(error) : resolve(result.rows as Row[]))),
    );
  });
}

/** What of pg's connection a query writes to. */
interface Wire {
  bind(message: { readonly portal: string; readonly statement: string; readonly values: readonly unknown[] }): void;
  execute(message: { readonly portal: string; readonly rows: number }): void;
  describe(message: unknown): void;
}

/** What pg makes of a statement's columns, for a result to parse its rows with. */
interface Columns {
  readonly fields: unknown;
  readonly _parsers: unknown;
  readonly _prebuiltEmptyResultObject: unknown;
}

/** pg's own query, as far as its types do not say. */
interface QueryParts {
  readonly _result: Columns;
  _accumulateRows: boolean;
  prepare(connection: Wire): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
}
const base = pg.Query.prototype as unknown as QueryParts;

/** What is known of a connection. */
interface Known {
  /** Of each statement that was described on it, by its name. */
  readonly columns: Map<string, Columns>;
  /** The same connection, on which nothing is described again. */
  readonly undescribing: Wire;
}
const known = new WeakMap<Wire, Known>();

function knownOf(connection: Wire): Known {
  const before = known.get(connection);
  if (before !== undefined) return before;
  const undescribing: Wire = Object.create(connection, { describe: { value: () => {} } });
  const made = { columns: new Map<string, Columns>(), undescribing };
  known.set(connection, made);
  return made;
}

class ScopedQuery extends pg.Query {
  readonly #settings: Statement;
  readonly #name: string;
  /** Of the connection that it was sent on. */
  #columns = new Map<string, Columns>();
  /** The settings were run: what comes now are the statement's own rows. */
  #isScoped = false;

  constructor(
    settings: Statement,
    { text, values }: Statement,
    callback: (error: Error | undefined, result: Rows) => void,
  ) {
    const name = preparedName(text);
    super({ name, text, values: [...values] }, callback as never);
    this.#settings = settings;
    this.#name = name;
  }

  /** The settings' statement was prepared on this connection before. */
  prepare(connection: Wire): void {
    const { text, values } = this.#settings;
    connection.bind({ portal: "", statement: preparedName(text), values });
    connection.execute({ portal: "", rows: 0 });
    const { columns, undescribing } = knownOf(connection);
    this.#columns = columns;
    const own = columns.get(this.#name);
    if (own !== undefined) {
      Object.assign(this.#parts._result, own);
      this.#parts._accumulateRows = true;
    }
    base.prepare.call(this.#parts, own === undefined ? connection : undescribing);
  }

  handleRowDescription(message: unknown): void {
    base.handleRowDescription.call(this.#parts, message);
    const { fields, _parsers, _prebuiltEmptyResultObject } = this.#parts._result;
    this.#columns.set(this.#name, { fields, _parsers, _prebuiltEmptyResultObject });
  }

  handleDataRow(message: unknown): void {
    if (this.#isScoped) base.handleDataRow.call(this.#parts, message);
  }

  handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#isScoped) base.handleCommandComplete.call(this.#parts, message, connection);
    else this.#isScoped = true;
  }

  get #parts(): QueryParts {
    return this as unknown as QueryParts;
  }
}

interface Rows {
  readonly rows: readonly object[];
}

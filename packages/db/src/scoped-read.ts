import pg from "pg";
import type { Statement } from "./sql.ts";
import { preparedName } from "./statement-name.ts";

/**
 * A statement that is told first whose it is, in one message to the server and one transaction: the settings are bound and
 * run before it, and one Sync ends both. That is the implicit transaction of PostgreSQL's extended protocol, so settings that
 * are local to the transaction are gone with the answer.
 *
 * Begin, set, select and commit as four statements are four answers to wait for and to read: more than half of what a short
 * read costs on both sides.
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
}

/** pg's own query, as far as its types do not say. */
interface QueryParts {
  prepare(connection: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
}
const base = pg.Query.prototype as unknown as QueryParts;

class ScopedQuery extends pg.Query {
  readonly #settings: Statement;
  /** The settings were run: what comes now are the statement's own rows. */
  #isScoped = false;

  constructor(
    settings: Statement,
    { text, values }: Statement,
    callback: (error: Error | undefined, result: Rows) => void,
  ) {
    super({ name: preparedName(text), text, values: [...values] }, callback as never);
    this.#settings = settings;
  }

  /** The settings' statement was prepared on this connection before. */
  prepare(connection: Wire): void {
    const { text, values } = this.#settings;
    connection.bind({ portal: "", statement: preparedName(text), values });
    connection.execute({ portal: "", rows: 0 });
    base.prepare.call(this, connection);
  }

  handleDataRow(message: unknown): void {
    if (this.#isScoped) base.handleDataRow.call(this, message);
  }

  handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#isScoped) base.handleCommandComplete.call(this, message, connection);
    else this.#isScoped = true;
  }
}

interface Rows {
  readonly rows: readonly object[];
}

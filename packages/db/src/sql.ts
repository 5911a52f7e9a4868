import type { AuditTrail } from "./audit-trail.ts";

/** Runs one statement: on the pool, or on the connection of a transaction. */
export interface Sql {
  /** Its rows. Values are sent apart from the text (`$1`, `$2` …); JSON goes as text and is cast: `$1::jsonb`. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Statements of one transaction: what needs to be one with others takes this, so that it cannot be called without. */
export interface Tx extends Sql {
  readonly inTransaction: true;
  /** What it writes into audit chains at its end. */
  readonly trail: AuditTrail;
  /** Leaves a statement for the end, whose rows nobody needs: it goes out with the commit, and costs no round trip of its own. */
  atEnd(statement: Statement): void;
}

/** A statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Columns of a table as fields of a row: `c.organization_id as "organizationId"`.
 *
 * Named one by one, never `*`: a column that a later migration adds must not reach code that does not know it.
 */
export function columns<Row>(alias: string, fields: readonly (keyof Row & string)[]): string {
  return fields.map((field) => `${alias}.${columnOf(field)} as "${field}"`).join(", ");
}

function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Conditions of a list, each with its own values, one for each `?`: `where.add("c.project_id = ?", projectId)`. */
export interface Where {
  /** Leaves the condition out when a value is undefined. */
  add(condition: string, ...values: readonly unknown[]): void;
  text(): string;
  readonly values: unknown[];
}

export function startWhere(): Where {
  const values: unknown[] = [];
  const conditions: string[] = [];
  return {
    values,
    add: (condition, ...given) => {
      if (given.includes(undefined)) return;
      let next = 0;
      conditions.push(condition.replaceAll("?", () => `$${values.push(given[next++])}`));
    },
    text: () => (conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`),
  };
}

/** One page of a list. `more` says that another row follows the last. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

/** Runs a list's statement for one row more than asked, which tells whether a page follows. */
export async function page<Row extends object>(
  sql: Sql,
  text: string,
  values: readonly unknown[],
  limit: number,
): Promise<Page<Row>> {
  const rows = await sql.query<Row>(`${text} limit $${values.length + 1}`, [...values, limit + 1]);
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

/** One column of a table in kubectl's manner. */
export interface Column<Row> {
  readonly header: string;
  value(row: Row): string | number | undefined;
  /** Shown with `-o wide` alone. */
  readonly wide?: boolean;
  readonly align?: "right";
}

const GAP = "   ";

/**
 * Rows under aligned headers, without borders, so that awk and cut read them as well as people do.
 *
 * What is missing shows as `-`: an empty cell would shift the columns of whoever splits at blanks. Control characters
 * are shown as `?`: names come from tenants, and a terminal would obey them.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly wide?: boolean; readonly header?: boolean } = {},
): string {
  const shown = columns.filter((column) => options.wide === true || column.wide !== true);
  const cells = rows.map((row) => shown.map((column) => cellText(column.value(row))));
  const lines = options.header === false ? cells : [shown.map((column) => column.header.toUpperCase()), ...cells];
  const widths = shown.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ""))));

  return lines
    .map((line) => {
      const padded = line.map((text, index) => {
        const space = " ".repeat((widths[index] ?? 0) - displayWidth(text));
        return shown[index]?.align === "right" ? space + text : text + space;
      });
      return `${padded.join(GAP).trimEnd()}\n`;
    })
    .join("");
}

/** `Name:  value` lines under each other, for one thing; nested lines are indented by the caller. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | number | undefined])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name)));
  return facts
    .map(([name, value]) => `${`${name}:`.padEnd(width + 1)}${GAP}${cellText(value)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

function cellText(value: string | number | undefined): string {
  if (value === undefined || value === "") return "-";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

/** Columns that a terminal uses: East Asian and emoji characters take two, combining marks none. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{Mn}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

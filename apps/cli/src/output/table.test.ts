import { expect, test } from "vitest";
import { type Column, formatFacts, formatTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly count: number | undefined;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: "name", value: (row) => row.name },
  { header: "count", value: (row) => row.count, align: "right" },
  { header: "note", value: (row) => row.note, wide: true },
];

test("columns line up under upper-case headers and lines end without blanks", () => {
  const rows = [
    { name: "a", count: 1, note: "" },
    { name: "longer", count: 1000, note: "" },
  ];
  expect(formatTable(COLUMNS, rows)).toBe("NAME     COUNT\na            1\nlonger    1000\n");
});

test("wide columns are shown on request alone", () => {
  const rows = [{ name: "a", count: 1, note: "why" }];
  expect(formatTable(COLUMNS, rows)).not.toContain("why");
  expect(formatTable(COLUMNS, rows, { wide: true })).toContain("why");
});

test("a missing value is a dash, so that every line has as many fields as the header", () => {
  expect(formatTable(COLUMNS, [{ name: "", count: undefined, note: "" }], { header: false })).toBe("-   -\n");
});

test("characters that a terminal would obey are shown as question marks", () => {
  expect(formatTable(COLUMNS, [{ name: "a\u001b[31mred\n\u202e", count: 1, note: "" }])).toContain("a?[31mred??");
});

test("wide characters take two columns and combining marks none", () => {
  const rows = [
    { name: "日本", count: 1, note: "" },
    { name: "e\u0301", count: 1, note: "" },
  ];
  expect(formatTable(COLUMNS, rows, { header: false })).toBe("日本   1\ne\u0301      1\n");
});

test("facts line up after the longest name", () => {
  expect(
    formatFacts([
      ["Id", "cl_1"],
      ["Health", undefined],
    ]),
  ).toBe("Id:       cl_1\nHealth:   -\n");
});

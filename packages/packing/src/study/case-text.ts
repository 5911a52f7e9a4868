import type { CaseFault } from "@berth/domain";
import type { PackingCase } from "../case/packing-case.ts";
import { readCase } from "../case/read-case.ts";

/** By the reader of the files: what it would refuse in anyone's own case is no case here. */
export function caseFaults({ types, instances }: PackingCase): readonly CaseFault[] {
  const read = readCase(JSON.parse(textOf(types)), JSON.parse(textOf(instances)));
  return read.ok ? [] : read.error;
}

/** Rows as a file of a case has them. */
export function textOf(rows: readonly object[]): string {
  return `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
}

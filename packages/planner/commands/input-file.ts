import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** npm runs a script in the folder of its workspace: a path that a user gave is meant from where they stand. */
export function fromWhereUserStands(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/**
 * A file's text, byte for byte: what is no UTF-8 is refused, and a byte order mark stays, so that the text's hash is the file's.
 * Throws an Error that names the file.
 */
export function readInputFile(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(fromWhereUserStands(path)));
  } catch (error) {
    throw new Error(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Throws an Error that names the file. */
export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

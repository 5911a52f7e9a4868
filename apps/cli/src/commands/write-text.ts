import { writeFile } from "node:fs/promises";
import { usageFailure } from "../failure.ts";
import type { Session } from "../session.ts";

/** Writes the text to the file that was named on the command line, and says so; to stdout where none was. */
export async function writeText(session: Session, text: string, path: string | undefined): Promise<void> {
  if (path === undefined) return session.io.out(text);
  try {
    await writeFile(path, text);
  } catch (error) {
    throw usageFailure(`cannot write ${path}: ${(error as Error).message}`);
  }
  session.note(`Written: ${path}`);
}

import { readFile } from "node:fs/promises";
import { usageFailure } from "../failure.ts";
import type { Session } from "../session.ts";

/** The text of a file that was named on the command line; of stdin for `-`. */
export async function readText(session: Session, path: string): Promise<string> {
  if (path === "-") return session.io.readStdin();
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw usageFailure(`cannot read ${path}: ${(error as Error).message}`);
  }
}

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AuditHead, auditHeadSchema } from "@berth/contract";
import { contextFilePath } from "../../contexts/context-file.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import { writePrivateFile } from "../../private-file.ts";

/**
 * Where chains ended when they were last found to be whole, by organization, with the API's signature: what tells a chain
 * that was cut off or written anew from one that was not. Whoever loses it begins anew, and knows nothing of the past.
 */
export type RememberedHeads = ReadonlyMap<string, AuditHead>;

/** Beside the contexts. */
export async function headsFilePath(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  return join(dirname(await contextFilePath(env)), "audit-heads.json");
}

/** An absent file remembers none; one that cannot be understood is refused, as going on would forget what it held. */
export async function readHeads(path: string): Promise<RememberedHeads> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw new Failure(EXIT_CODES.failure, `cannot read ${path}: ${(error as Error).message}`);
  }
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return new Map(entries.map(([organizationId, head]) => [organizationId, auditHeadSchema.parse(head)]));
  } catch {
    throw new Failure(EXIT_CODES.failure, `${path} does not hold remembered heads`, {
      hint: "Put back what was there; or remove it, and begin anew without what it knew.",
    });
  }
}

export async function rememberHead(path: string, head: AuditHead): Promise<void> {
  // Read again: another organization's may have been remembered meanwhile.
  const heads = new Map(await readHeads(path)).set(head.organization_id, head);
  try {
    await writePrivateFile(path, `${JSON.stringify(Object.fromEntries(heads), undefined, 2)}\n`);
  } catch (error) {
    throw new Failure(
      EXIT_CODES.failure,
      `the head is not remembered: cannot write ${path}: ${(error as Error).message}`,
      {
        hint: "Name a file that can be written, and is kept: berth audit verify --heads FILE",
      },
    );
  }
}

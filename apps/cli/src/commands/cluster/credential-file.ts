import { open, rm } from "node:fs/promises";
import type { CredentialSecret } from "@berth/contract";
import { usageFailure } from "../../failure.ts";

export interface CredentialFile {
  readonly path: string;
  write(credential: CredentialSecret): Promise<void>;
  discard(): Promise<void>;
}

/** Makes the empty file, readable by its owner alone. Refuses one that is there: it may hold another cluster's password. */
export async function reserveCredentialFile(path: string): Promise<CredentialFile> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, "wx", 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw usageFailure(code === "EEXIST" ? `${path} is there already` : `cannot write ${path}: ${message}`);
  }
  return {
    path,
    write: async ({ cluster_id, username, password }) => {
      await handle.writeFile(`${JSON.stringify({ cluster_id, username, password }, undefined, 2)}\n`);
      await handle.sync();
      await handle.close();
    },
    discard: async () => {
      await handle.close();
      await rm(path, { force: true });
    },
  };
}

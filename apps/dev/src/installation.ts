import { randomBytes } from "node:crypto";
import type { DataFolder } from "./data-folder.ts";

const FILE = "installation.json";

/** What makes a data folder one installation of Berth: the same after every restart. The file is 0600. */
export interface Installation {
  readonly superuserPassword: string;
  /** Base64 of 32 bytes each. */
  readonly pepper: string;
  readonly wrappingKey: string;
  /** Keys of the API by what they are for: `operator`, `customer`, and one for each seeded tenant. */
  readonly apiKeys: Readonly<Record<string, string>>;
}

/** The folder's installation; a new one when the folder is empty. */
export function openInstallation(folder: DataFolder): Installation {
  const known = folder.readJson(FILE) as Installation | undefined;
  if (known !== undefined) return known;
  const secret = () => randomBytes(32).toString("base64");
  const fresh: Installation = {
    superuserPassword: randomBytes(24).toString("hex"),
    pepper: secret(),
    wrappingKey: secret(),
    apiKeys: {},
  };
  folder.writeJson(FILE, fresh);
  return fresh;
}

/** Remembers a key. Written before the key's row is committed: a key that works and nobody knows could never be had again. */
export function rememberApiKey(folder: DataFolder, name: string, text: string): void {
  const known = openInstallation(folder);
  folder.writeJson(FILE, { ...known, apiKeys: { ...known.apiKeys, [name]: text } });
}

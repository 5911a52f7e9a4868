import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import { withMachineLock } from "../processes/machine-lock.ts";

/** A tool of the field, of exactly one version. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

/**
 * The folder that holds a tool, filled by `install` at the first use on this machine. Processes that ask at once install
 * once, and what was interrupted is made anew.
 */
export async function installOnce(
  { name, version }: Tool,
  tell: (line: string) => void,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cacheFolder(name, version);
  const complete = join(folder, "complete");
  if (existsSync(complete)) return folder;
  const onWait = () => tell(`${name}: another process installs it`);
  await withMachineLock(`${name}-${version}`, onWait, async () => {
    if (existsSync(complete)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    tell(`${name}: installing ${version}`);
    await install(folder);
    writeFileSync(complete, ""); // Written last.
  });
  return folder;
}

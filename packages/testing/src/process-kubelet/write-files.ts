import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

export interface VolumeFile {
  readonly content: Uint8Array;
  readonly mode: number;
}

const DATA = "..data";

/**
 * Writes the files of a ConfigMap or Secret volume the way a kubelet does: a new folder beside the old one, then `..data`
 * is turned to it in one rename. Readers see all of the old files or all of the new ones, and a watcher of a file sees it
 * change through two links; engines depend on both.
 *
 * `group` is the pod's fsGroup: it may read everything.
 */
export function writeVolumeFiles(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  group: number | undefined,
): void {
  mkdirSync(folder, { recursive: true });
  const old = existsSync(join(folder, DATA)) ? readlinkSync(join(folder, DATA)) : undefined;
  const fresh = `..${new Date().toISOString().replace(/[:.]/g, "_")}_${process.hrtime.bigint()}`;
  own(folder, 0o755, group);
  mkdirSync(join(folder, fresh));
  own(join(folder, fresh), 0o755, group);
  for (const [path, file] of files) {
    const target = join(folder, fresh, path);
    makeFolders(join(folder, fresh), dirname(path), group);
    writeFileSync(target, file.content);
    own(target, group === undefined ? file.mode : file.mode | 0o440, group);
  }

  const link = join(folder, "..data_tmp");
  rmSync(link, { force: true });
  symlinkSync(fresh, link);
  renameSync(link, join(folder, DATA));

  const tops = new Set([...files.keys()].map((path) => path.split("/")[0] ?? path));
  for (const top of tops) {
    if (!isThere(join(folder, top))) symlinkSync(join(DATA, top), join(folder, top));
  }
  for (const name of readdirSync(folder)) {
    if (!name.startsWith("..") && !tops.has(name)) rmSync(join(folder, name), { force: true });
  }
  if (old !== undefined) rmSync(join(folder, old), { recursive: true, force: true });
}

function makeFolders(root: string, path: string, group: number | undefined): void {
  if (path === ".") return;
  makeFolders(root, dirname(path), group);
  const folder = join(root, path);
  if (existsSync(folder)) return;
  mkdirSync(folder);
  own(folder, 0o755, group);
}

function own(path: string, mode: number, group: number | undefined): void {
  chownSync(path, 0, group ?? 0);
  chmodSync(path, mode);
}

/** Of the link itself: what it leads to may be gone. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DevFailure } from "./dev-failure.ts";

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** Whom PostgreSQL runs as: ourselves, or, as it refuses root, the user `postgres`, made when it is not there. */
export function postgresUser(): UserIds | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: ask("-u"), gid: ask("-g") };
  } catch {
    // Not there yet.
  }
  try {
    execFileSync("groupadd", ["--system", "--force", "postgres"], { stdio: "ignore" });
    execFileSync("useradd", ["--system", "--no-create-home", "--gid", "postgres", "postgres"], { stdio: "ignore" });
    return { uid: ask("-u"), gid: ask("-g") };
  } catch {
    throw new DevFailure(
      "PostgreSQL refuses to run as root and no user `postgres` could be made. Run as another user.",
    );
  }
}

/** A command as it is to be spawned. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly ids: UserIds | Record<never, never>;
}

/**
 * How to run a program as that user, when the program and its files may lie where the user may not go: a clone in root's
 * home (0700) is nothing unusual in a container.
 *
 * There `setpriv` gives it the one right to pass through and read (CAP_DAC_READ_SEARCH); with the securebit, because
 * PostgreSQL asks access(2) about itself, which drops the rights of whoever is not root.
 */
export function launchAs(user: UserIds | undefined, command: string, args: readonly string[], folder: string): Launch {
  if (user === undefined) return { command, args, ids: {} };
  const closed = [command, folder].map((path) => firstClosed(path, user)).find((path) => path !== undefined);
  if (closed === undefined) return { command, args, ids: user };

  const rights = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--securebits=+no_setuid_fixup",
    "--",
  ];
  if (spawnSync("setpriv", [...rights, "true"], { stdio: "ignore" }).status !== 0) {
    throw new DevFailure(
      `PostgreSQL refuses to run as root, and its user \`postgres\` may not go through ${closed}. ` +
        `Run as another user, or open the way (chmod o+x ${closed}), or choose another folder: --data FOLDER`,
    );
  }
  return { command: "setpriv", args: [...rights, command, ...args], ids: {} };
}

/** The folder nearest to the path that the user may not go through. */
function firstClosed(path: string, user: UserIds): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

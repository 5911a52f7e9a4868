import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { withMachineLock } from "./machine-lock.ts";

const run = promisify(execFile);
const APT = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, maxBuffer: 64 << 20 };

export interface DebianTool {
  readonly command: string;
  /** The Debian package that has it. */
  readonly package: string;
  /** The service that the package starts at once, and that nobody here wants. */
  readonly service?: string;
}

/**
 * Makes sure that a command is there; installs its Debian package, saying so, when it is not and we are root.
 *
 * Refuses with the line to type when it cannot.
 */
export async function ensureCommand(tool: DebianTool, tell: (line: string) => void = console.error): Promise<void> {
  if (isOnPath(tool.command)) return;
  const byHand = `${tool.command} is missing; install it: apt-get install -y ${tool.package}`;
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) throw new Error(byHand);
  await withMachineLock(
    "apt",
    () => tell(`${tool.command}: another process installs`),
    async () => {
      if (isOnPath(tool.command)) return;
      tell(`${tool.command} is missing: apt-get install -y ${tool.package}`);
      const install = ["-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", tool.package];
      try {
        // A fresh machine has no package lists; one that has them is spared the update.
        await run("apt-get", install, APT).catch(async () => {
          await run("apt-get", ["update"], APT);
          await run("apt-get", install, APT);
        });
      } catch (error) {
        throw new Error(`${byHand} (that failed: ${(error as { stderr?: string }).stderr?.trim()})`, { cause: error });
      }
      if (tool.service !== undefined) stopService(tool.service);
    },
  );
  if (!isOnPath(tool.command)) throw new Error(`${tool.package} is installed and brought no ${tool.command}`);
}

/** Whether a command can be run. */
export function isOnPath(command: string): boolean {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.some((folder) => folder !== "" && existsSync(`${folder}/${command}`));
}

/** Debian starts a service as it installs it. Where nothing starts services there is nothing to stop. */
function stopService(name: string): void {
  const hasSystemd = existsSync("/run/systemd/system");
  const [command, args] = hasSystemd ? ["systemctl", ["disable", "--now", name]] : ["service", [name, "stop"]];
  try {
    execFileSync(command as string, args as string[], { stdio: "ignore" });
  } catch {
    // It did not run.
  }
}

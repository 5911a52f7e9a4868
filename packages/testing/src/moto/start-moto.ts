import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../cache-folder.ts";
import { freePort } from "../free-port.ts";
import { withMachineLock } from "../processes/machine-lock.ts";
import { startProcess } from "../processes/start-process.ts";

const run = promisify(execFile);

/** The moto that our notes on what it gets right and wrong were made with. */
const MOTO_VERSION = "5.2.5";

export interface Moto {
  /** The endpoint for the AWS SDK; any credentials are taken. */
  readonly url: string;
  /** Forgets everything that was made. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export interface MotoOptions {
  readonly onProgress?: (line: string) => void;
  /** Refuse AMIs that moto does not know, as EC2 does. */
  readonly validateImages?: boolean;
}

/**
 * Starts moto's EC2, an independent second opinion on our own model of it. It ignores ClientToken and knows no
 * reservations: those are our model's alone. Unknown instance types are refused.
 *
 * Installed into a Python environment of its own at first use (a minute); refuses by name what is missing for that.
 */
export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  const environment = await installMoto(options.onProgress ?? (() => undefined));
  const folder = mkdtempSync(join(tmpdir(), "berth-moto-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startProcess({
    name: "moto",
    command: join(environment, "bin", "moto_server"),
    args: ["-H", "127.0.0.1", "-p", String(port)],
    logFile: join(folder, "log"),
    env: {
      ...process.env,
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: "1",
      ...(options.validateImages === true && { MOTO_ENABLE_AMI_VALIDATION: "1" }),
    },
  });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const answers = async () => (await fetch(`${url}/moto-api/data.json`)).ok;
    await server.ready(answers, { timeoutMs: 60_000, what: "moto to answer" });
  } catch (error) {
    await stop();
    throw error;
  }
  const reset = async () => {
    const answer = await fetch(`${url}/moto-api/reset`, { method: "POST" });
    if (!answer.ok) throw new Error(`moto refused to reset: ${answer.status}`);
  };
  return { url, reset, stop };
}

async function installMoto(tell: (line: string) => void): Promise<string> {
  const environment = cacheFolder("moto", MOTO_VERSION);
  // Written last: an installation that was interrupted is made anew.
  const complete = join(environment, "complete");
  if (existsSync(complete)) return environment;
  const onWait = () => tell("moto: another process installs it");
  await withMachineLock(`moto-${MOTO_VERSION}`, onWait, async () => {
    if (existsSync(complete)) return;
    rmSync(environment, { recursive: true, force: true });
    mkdirSync(environment, { recursive: true });
    tell(`moto: installing ${MOTO_VERSION} into a Python environment`);
    await step("python3 with its venv module", "python3", ["-m", "venv", environment]);
    const requirement = `moto[ec2,server]==${MOTO_VERSION}`;
    const flags = ["--quiet", "--disable-pip-version-check"];
    await step(`pip and a package index that has ${requirement}`, join(environment, "bin", "pip"), [
      "install",
      ...flags,
      requirement,
    ]);
    writeFileSync(complete, "");
  });
  return environment;
}

async function step(needed: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 64 << 20 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Error(`moto needs ${needed}; ${command} said: ${said}`, { cause: error });
  }
}

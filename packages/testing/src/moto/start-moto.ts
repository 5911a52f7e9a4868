import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { startProcess } from "../processes/start-process.ts";
import { installPythonTool } from "../tools/install-python-tool.ts";

/** The moto that our notes on what it gets right and wrong were made with. */
const MOTO = { name: "moto", version: "5.2.5", extras: "[ec2,server]" };

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
  const programs = await installPythonTool(MOTO, options.onProgress);
  const folder = mkdtempSync(join(tmpdir(), "berth-moto-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startProcess({
    name: "moto",
    command: join(programs, "moto_server"),
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

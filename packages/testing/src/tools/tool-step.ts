import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs one step of an installation; refuses with what it needs, and what the command said. */
export async function toolStep(
  needed: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  try {
    await run(command, args, { env, maxBuffer: 64 << 20 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Error(`${needed} is missing; ${command} said: ${said}`, { cause: error });
  }
}

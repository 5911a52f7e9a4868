import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a tool to its end. Refuses by name when it is missing, and with the end of what it said when it fails. */
export async function runTool(tool: string, args: readonly string[], neededFor: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(tool, args, { maxBuffer: 64 << 20 });
    return stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === "ENOENT")
      throw new Error(`${neededFor} needs \`${tool}\`, which is not on the PATH`, { cause: error });
    const said = `${stdout ?? ""}${stderr ?? ""}`.trim().slice(-2000);
    throw new Error(`${tool} ${args.join(" ")} ended with ${String(code)}:\n${said}`, { cause: error });
  }
}

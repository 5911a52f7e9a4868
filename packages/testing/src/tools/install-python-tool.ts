import { join } from "node:path";
import { installOnce, type Tool } from "./install-once.ts";
import { toolStep } from "./tool-step.ts";

/**
 * The folder of the programs of a package of PyPI, in a Python environment of its own. `extras` as pip writes them:
 * `[ec2,server]`. Refuses by name what is missing to install it.
 */
export async function installPythonTool(
  tool: Tool & { readonly extras?: string },
  tell: (line: string) => void = () => undefined,
): Promise<string> {
  const { name, version, extras = "" } = tool;
  const environment = await installOnce(tool, tell, async (folder) => {
    await toolStep("python3 with its venv module", "python3", ["-m", "venv", folder]);
    const requirement = `${name}${extras}==${version}`;
    const flags = ["--quiet", "--disable-pip-version-check"];
    const pip = join(folder, "bin", "pip");
    await toolStep(`a package index that has ${requirement}`, pip, ["install", ...flags, requirement]);
  });
  return join(environment, "bin");
}

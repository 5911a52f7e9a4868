import { join } from "node:path";
import { installOnce, type Tool } from "./install-once.ts";
import { toolStep } from "./tool-step.ts";

/** The path of a program of a package of npm that is too large to be a dependency for what it does. */
export async function installNpmTool(
  tool: Tool & { readonly package: string },
  tell: (line: string) => void = () => undefined,
): Promise<string> {
  const folder = await installOnce(tool, tell, (into) => {
    const requirement = `${tool.package}@${tool.version}`;
    const flags = ["--prefix", into, "--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
    return toolStep(`npm with ${requirement}`, "npm", ["install", ...flags, requirement]);
  });
  return join(folder, "node_modules", ".bin", tool.name);
}

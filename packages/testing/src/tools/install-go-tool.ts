import { join } from "node:path";
import { installOnce, type Tool } from "./install-once.ts";
import { toolStep } from "./tool-step.ts";

/** The path of a program that is compiled from a Go module. Refuses by name what is missing to build it. */
export async function installGoTool(
  tool: Tool & { readonly module: string },
  tell: (line: string) => void = () => undefined,
): Promise<string> {
  const { name, version, module } = tool;
  const folder = await installOnce(tool, tell, (into) => {
    const env = { ...process.env, GOBIN: into, CGO_ENABLED: "0" };
    return toolStep(`go with ${module} ${version}`, "go", ["install", `${module}@v${version}`], env);
  });
  return join(folder, name);
}

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installOnce } from "./install-once.ts";
import { toolStep } from "./tool-step.ts";

/**
 * The path of a program that is compiled from a folder of this repository with a Go module in it; built again when its
 * sources change. Go's own caches stay where they are. Refuses by name what is missing to build it.
 */
export async function buildGoProgram(
  { name, module }: { readonly name: string; readonly module: string },
  tell: (line: string) => void = () => undefined,
): Promise<string> {
  const folder = await installOnce({ name, version: hashOfSources(module) }, tell, (into) => {
    const env = { ...process.env, CGO_ENABLED: "0" };
    const args = ["build", "-C", module, "-trimpath", "-mod=readonly", "-o", join(into, name), "."];
    return toolStep(`go with the modules of ${name}`, "go", args, env);
  });
  return join(folder, name);
}

function hashOfSources(module: string): string {
  const hash = createHash("sha256");
  const sources = readdirSync(module).filter((file) => file.endsWith(".go") || file === "go.mod" || file === "go.sum");
  for (const file of sources.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(module, file)));
  return hash.digest("hex").slice(0, 12);
}

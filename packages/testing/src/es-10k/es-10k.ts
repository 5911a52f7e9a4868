import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseInstance, CaseType, PackingCase } from "@berth/packing";

const GENERATOR = fileURLToPath(new URL("../../../../data/es-10k/generate.mjs", import.meta.url));

/** The reference case of docs/packing.md, as data/es-10k makes it. */
export function es10k(seed: number, { instances = 10_000, volumes = "1" as "1" | "1-3" } = {}): PackingCase {
  const folder = mkdtempSync(join(tmpdir(), "berth-es-10k-"));
  try {
    const args = [`--seed=${seed}`, `--instances=${instances}`, `--volumes=${volumes}`, `--out=${folder}`];
    execFileSync(process.execPath, [GENERATOR, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const types: CaseType[] = read("types.json");
    const rows: (Omit<CaseInstance, "zones"> & { zone: string })[] = read("instances.json");
    return { types, instances: rows.map(({ zone, ...row }) => ({ ...row, zones: [zone] })) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { readCase } from "./read-case.ts";

const generator = fileURLToPath(new URL("../../../../data/es-10k/generate.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "berth-es-10k-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function generate(...options: string[]): { readonly types: string; readonly instances: string } {
  execFileSync(process.execPath, [generator, "--out", folder, ...options]);
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  return { types: text("types.json"), instances: text("instances.json") };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

// Figures of one release stand beside those of another only while the case is the same.
test("the reference case of a seed is the same, byte for byte, as when figures of it were first told", () => {
  const { types, instances } = generate("--seed", "1");
  expect(sha256(types)).toBe("333fae701441821eeacfbc541b4ffb9e63f40c1a5af11bebdf2cb63bb5ae0f70");
  expect(sha256(instances)).toBe("717c5c04bafd58e614874e3d8c3a3397ca882420c5a950b660bd8847c72ed381");
  expect(sha256(generate("--seed", "1", "--volumes", "1-3").instances)).toBe(
    "6fac5d91376506a082e32c0c615f31f05fabc147f3f609e03fb6b7bab835f82e",
  );
});

test.each([["1"], ["1-3"]])("the reference case with %s volumes is read without a fault, all of it", (volumes) => {
  const { types, instances } = generate("--seed", "2", "--instances", "2000", "--volumes", volumes);
  const result = readCase(JSON.parse(types), JSON.parse(instances));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  expect(result.value.types).toHaveLength(60);
  expect(result.value.instances).toHaveLength(2000);
  expect(new Set(result.value.instances.map((one) => one.volumes)).size).toBe(volumes === "1" ? 1 : 3);
});

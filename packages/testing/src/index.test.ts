import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("loads outside of vitest, as `npm run dev` and scripts do, and lets the process end", () => {
  const index = new URL("./index.ts", import.meta.url).href;
  const program = `await import(${JSON.stringify(index)}); console.log("loaded")`;
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  expect(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 })).toBe("loaded\n");
}, 40_000);

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { BERTH, openHome } from "./test-support/start-dev.ts";

vi.setConfig({ testTimeout: 240_000 });
const { start, startDev, remove } = openHome();
afterAll(remove);

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), "utf8");

/** The commands of the README's shell blocks, in order, continued lines joined. */
function commands(): string[] {
  const blocks = [...file("README.md").matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
  return blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n")).filter((line) => line.trim() !== "");
}

test("every npm script that the README names is there", () => {
  const { scripts } = JSON.parse(file("package.json")) as { scripts: Record<string, string> };
  const named = [...file("README.md").matchAll(/npm (?:run )?([a-z:]+)/g)].map((match) => match[1] ?? "");
  const known = ["ci", ...Object.keys(scripts)];
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("every command of the README works on a Berth that has just started, in the order in which it stands there", async () => {
  const dev = await startDev();
  const env = { BERTH_API_URL: dev.line.api_url, BERTH_API_KEY: dev.line.customer_key };
  let ran = 0;
  for (const command of commands()) {
    if (/^(npm|export) /.test(command)) continue;
    const line = command.replace(/^npx berth/, `"${process.execPath}" "${BERTH}"`);
    const { code, err } = await start("bash", ["-c", line], env).ended;
    expect({ command, code, err: code === 0 ? "" : err }).toEqual({ command, code: 0, err: "" });
    ran++;
  }
  expect(ran).toBeGreaterThan(8);
  dev.child.kill("SIGINT");
  expect((await dev.ended).code).toBe(0);
});

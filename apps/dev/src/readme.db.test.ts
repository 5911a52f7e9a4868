import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { BERTH, openHome } from "./test-support/start-dev.ts";

vi.setConfig({ testTimeout: 240_000 });
const { start, run, startDev, remove } = openHome();
afterAll(remove);

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), "utf8");

interface Command {
  readonly line: string;
  /** The block of JSON that shows its answer, when one follows. */
  readonly answer: string | undefined;
}

/** The commands of the README's shell blocks, in order, continued lines joined. */
function commands(): Command[] {
  const blocks = [...file("README.md").matchAll(/^```sh\n([\s\S]*?)^```(?:\s+^```json\n([\s\S]*?)^```)?/gm)];
  return blocks.flatMap(([, shell = "", answer]) => {
    const lines = shell
      .replaceAll("\\\n", " ")
      .split("\n")
      .filter((line) => line.trim() !== "");
    return lines.map((line, index) => ({ line, answer: index === lines.length - 1 ? answer : undefined }));
  });
}

/** Commands of `berth` that stand within sentences and tables: the words of the command, and its options. */
function namedCommands(): { readonly words: readonly string[]; readonly options: readonly string[] }[] {
  return [...file("README.md").matchAll(/`berth ([^`]+)`/g)].map(([, text = ""]) => {
    const all = text.split(" ");
    const end = all.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith("-"));
    return {
      words: end < 0 ? all : all.slice(0, end),
      options: all.filter((word) => word.startsWith("-")),
    };
  });
}

test("every npm script that the README names is there", () => {
  const scriptsOf = (folder: string) => {
    const { scripts } = JSON.parse(file(`${folder}package.json`)) as { scripts: Record<string, string> };
    return ["ci", ...Object.keys(scripts)];
  };
  const named = [...file("README.md").matchAll(/npm (?:run )?([a-z:]+)(?: -w ([\w/-]+))?/g)];
  expect(named.length).toBeGreaterThan(5);
  for (const [, name, folder] of named) expect(scriptsOf(folder === undefined ? "" : `${folder}/`)).toContain(name);
});

test("every command of berth that the README names is there, with its options", async () => {
  const named = namedCommands();
  expect(named.length).toBeGreaterThan(5);
  const everywhere = (await start(process.execPath, [BERTH, "--help"]).ended).out;
  for (const { words, options } of named) {
    const { code, out } = await start(process.execPath, [BERTH, ...words, "--help"]).ended;
    expect(code, words.join(" ")).toBe(0);
    expect(out).toContain(`Usage: berth ${words.join(" ")}`);
    for (const option of options) expect(out + everywhere, words.join(" ")).toContain(option);
  }
});

test("the README's table of dev's options is what dev knows", async () => {
  const options = (text: string) => [...new Set(text.match(/--(?!help)[a-z][a-z-]+/g))].sort();
  const table = file("README.md")
    .split("\n")
    .filter((line) => line.startsWith("| `--"));
  const { code, out } = await run("dev", ["--help"]).ended;
  expect(code).toBe(0);
  expect(options(table.map((line) => line.split("|")[1]).join())).toEqual(options(out));
});

test("every command of the README works on a Berth that has just started, in the order in which it stands there", async () => {
  const dev = await startDev();
  const env = { BERTH_API_URL: dev.line.api_url, BERTH_API_KEY: dev.line.customer_key };
  let ran = 0;
  let compared = 0;
  for (const { line: command, answer } of commands()) {
    if (/^(npm|export) /.test(command)) continue;
    const line = command.replace(/^npx berth/, `"${process.execPath}" "${BERTH}"`);
    const { code, out, err } = await start("bash", ["-c", `cd "$HOME" && ${line}`], env).ended;
    expect({ command, code, err: code === 0 ? "" : err }).toEqual({ command, code: 0, err: "" });
    ran++;
    if (answer === undefined) continue;
    expect(JSON.parse(out)).toMatchObject(JSON.parse(answer));
    compared++;
  }
  expect(ran).toBeGreaterThan(8);
  expect(compared).toBe(1);

  const paths = [...file("README.md").matchAll(/`(?:GET )?(\/(?!metrics)[a-z0-9/.]+)`/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(4);
  const headers = { authorization: `Bearer ${dev.line.customer_key}` };
  for (const path of paths) expect((await fetch(dev.line.api_url + path, { headers })).status, path).toBe(200);
  dev.child.kill("SIGINT");
  expect((await dev.ended).code).toBe(0);
});

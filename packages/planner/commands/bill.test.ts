import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const DOCS = readFileSync(new URL("../../../docs/planner.md", import.meta.url), "utf8");

let folder: string;
let example: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-bill-"));
  example = /## Commands: bill[\s\S]*?```json\n([\s\S]*?)```/.exec(DOCS)?.[1] ?? "";
  writeFileSync(join(folder, "case.json"), example);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As npm runs it: in the package's folder, and told where the user stands. */
function bill(...paths: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "commands/bill.ts", ...paths], {
    cwd: PACKAGE,
    env: { ...process.env, INIT_CWD: folder },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the example of docs/planner.md, which is examples/bill.json, is billed line by line", () => {
  const told = JSON.parse(readFileSync(join(folder, "case.json"), "utf8"));
  expect(JSON.parse(readFileSync(join(PACKAGE, "examples/bill.json"), "utf8"))).toEqual(told);
  const { status, stdout } = bill("case.json");
  const { lines, totals, accounts, reservations, plans, coverage } = JSON.parse(stdout);
  const inWords = lines.map(
    ({ fromHour, hours, kind, machineType, service, commitment, quantity, usd }: Record<string, string | undefined>) =>
      [`hour ${fromHour} for ${hours}: ${kind}`, machineType ?? service, commitment, quantity, usd]
        .filter(Boolean)
        .join(" "),
  );
  expect(inWords).toEqual([
    "hour 0 for 1: on_demand m7i.2xlarge 1.639315068 0.660971836",
    "hour 0 for 2: reserved m7i.2xlarge ri-1 1.000000000 0.000000000",
    "hour 0 for 1: planned m7i.2xlarge sp-1 0.360684932 0.000000000",
    "hour 0 for 2: planned Fargate vCPU sp-1 12.500000000 0.000000000",
    "hour 0 for 2: recurring ri-1 2.000000000 0.256000000",
    "hour 0 for 2: recurring sp-1 1.000000000 0.500000000",
    "hour 0 for 2: recurring sp-2 1.000000000 0.080000000",
    "hour 0 for 1: upfront ri-1 2.000000000 1120.000000000",
    "hour 1 for 1: on_demand m7i.2xlarge 1.739390031 0.701322061",
    "hour 1 for 1: planned m7i.2xlarge sp-1 0.260609969 0.000000000",
    "hour 1 for 1: planned m7i.large sp-2 0.599700150 0.000000000",
    "hour 1 for 1: planned m7i.large sp-1 0.400299850 0.000000000",
  ]);
  expect(totals).toEqual({
    onDemandUsd: "1.362293897",
    recurringUsd: "0.836000000",
    upfrontUsd: "1120.000000000",
    totalUsd: "1122.198293897",
    amortizedUpfrontUsd: "0.755707762",
    amortizedTotalUsd: "2.954001659",
    withoutCommitmentsUsd: "3.532000000",
  });
  expect(lines[0]).toMatchObject({ account: "111111111111", zone: "use1-az1", usdPerUnit: "0.403200000000" });
  expect(lines[2]).toMatchObject({ usdPerUnit: "0.292000000000", effectiveUsd: "0.105320000" });
  expect(accounts).toMatchObject([
    { account: "111111111111", onDemandUsd: "1.362293897", totalUsd: "1121.618293897" },
    { account: "222222222222", onDemandUsd: "0.000000000", totalUsd: "0.580000000" },
  ]);
  expect(reservations).toMatchObject([{ id: "ri-1", usedUnitHours: "32.000000000", utilization: "1.000000000" }]);
  expect(plans).toMatchObject([
    { id: "sp-1", utilization: "1.000000000" },
    { id: "sp-2", utilization: "0.500000000" },
  ]);
  expect(coverage).toMatchObject({ eligibleUnitHours: "100.000000000", coverage: "0.459407184" });
  expect(status).toBe(0);
});

test("a case with faults has each of them told with its field, prints nothing, and ends with 2", () => {
  const faulty = JSON.parse(example);
  faulty.reservations[0].usdPerHour = 64;
  faulty.plans[1].id = "sp-1";
  delete faulty.machines[1].zone;
  faulty.prices[0].usdPerHour = 0;
  writeFileSync(join(folder, "faulty.json"), JSON.stringify(faulty));
  const { status, stdout, stderr } = bill("faulty.json");
  expect(stderr.trimEnd().split("\n")).toEqual([
    "bill: faulty.json: machines[1].zone must be a text of 1 to 256 characters and is missing",
    "bill: faulty.json: prices[0].usdPerHour must be a number from 0.000000000001 to 2000, not 0",
    'bill: faulty.json: plans[1].id must be unique: plans[0] is "sp-1" too',
  ]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

test.each([
  [[], "missing: CASE.json\nusage: npm run bill -w packages/planner -- CASE.json"],
  [["case.json", "more.json"], "not expected: more.json"],
  [["nowhere.json"], "cannot read nowhere.json"],
])("given %j it says what is wrong, and ends with 2", (paths, fault) => {
  const { status, stdout, stderr } = bill(...paths);
  expect(stderr).toContain(fault);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

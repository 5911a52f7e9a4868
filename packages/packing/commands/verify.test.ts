import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const TYPE = {
  name: "m",
  priceMicroUsdPerHour: 500_000,
  cpuMilli: 10,
  memoryMib: 10,
  volumes: 2,
  instances: 2,
  zones: ["a"],
};
const INSTANCES = ["i", "j", "k"].map((name) => ({ name, cpuMilli: 5, memoryMib: 5, volumes: 1, zone: "a" }));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-verify-"));
  const write = (name: string, value: unknown) => {
    const text = JSON.stringify(value);
    writeFileSync(join(folder, name), text);
    return createHash("sha256").update(text).digest("hex");
  };
  const inputs = { typesSha256: write("types.json", [TYPE]), instancesSha256: write("instances.json", INSTANCES) };
  const { name: type, zones, ...sizes } = TYPE;
  const certificate = (lowerBound: string) => ({
    version: 1,
    unit: "nano_usd_per_hour",
    inputs,
    blocks: [
      {
        zones,
        classes: [{ cpuMilli: 5, memoryMib: 5, volumes: 1, zones, demand: 3, dual: "250000001" }],
        offers: [{ type, zone: "a", ...sizes, proof: { kind: "exact", z: "500000002", pattern: [[0, 2]] } }],
        lowerBound,
      },
    ],
    lowerBound,
  });
  write("certificate.json", certificate("750000000"));
  write("raised.json", certificate("750000001"));
  writeFileSync(join(folder, "bytes.json"), new Uint8Array([0x5b, 0xff, 0x5d]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As npm runs it: in the package's folder, and told where the user stands. */
function verify(...paths: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "commands/verify.ts", ...paths], {
    cwd: PACKAGE,
    env: { ...process.env, INIT_CWD: folder },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("a certificate that is true prints its bound in dollars an hour on one line, and ends with 0", () => {
  const { status, stdout } = verify("types.json", "instances.json", "certificate.json");
  expect(stdout.endsWith("\n") && stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(stdout)).toEqual({ verified: true, lower_bound: 0.75, seconds: expect.any(Number), refusals: [] });
  expect(status).toBe(0);
});

test("one that is not prints why and no bound, and ends with 1", () => {
  const { status, stdout } = verify("types.json", "instances.json", "raised.json");
  expect(JSON.parse(stdout)).toMatchObject({
    verified: false,
    lower_bound: null,
    refusals: [{ reason: "bound_does_not_follow" }, { reason: "bound_does_not_follow" }],
  });
  expect(status).toBe(1);
});

test.each([
  [["types.json", "instances.json"], "missing: certificate.json"],
  [[], "missing: types.json, instances.json, certificate.json"],
  [["types.json", "instances.json", "certificate.json", "commitments.json", "more.json"], "not expected: more.json"],
  [["types.json", "nowhere.json", "certificate.json"], "cannot read nowhere.json"],
  [["bytes.json", "instances.json", "certificate.json"], "cannot read bytes.json"],
])("given %j it says what is wrong and how it is used, and ends with 2", (paths, fault) => {
  const { status, stdout, stderr } = verify(...paths);
  expect(stderr).toContain(fault);
  expect(stderr).toContain("usage: npm run verify -w packages/packing -- types.json instances.json certificate.json");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_OVERHEAD, estimateAllocatable } from "@berth/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadAwsCatalogue } from "../ec2/catalogue.ts";
import { nodeResources } from "./allocatable.ts";
import { joinDocumentOf } from "./join-document.ts";
import { createStateFile } from "./state-file.ts";

describe("what a kubelet reports", () => {
  test("m7i.2xlarge with 22 pods: 8 cores less 90 m, 32 GiB less 7.5 % and the kubelet's share", () => {
    const facts = loadAwsCatalogue().types["m7i.2xlarge"];
    if (facts === undefined) throw new Error("the catalogue lacks m7i.2xlarge");
    expect(nodeResources({ name: "m7i.2xlarge", ...facts }, 22)).toEqual({
      capacity: { cpu: "8", memory: "30310Mi", pods: "22", "ephemeral-storage": "40Gi" },
      allocatable: { cpu: "7910m", memory: "29713Mi", pods: "22", "ephemeral-storage": "36Gi" },
      attachableVolumes: 31,
    });
  });

  test("never less than the packer's estimate, which also takes the daemons off", () => {
    for (const [name, facts] of Object.entries(loadAwsCatalogue().types)) {
      if (facts.memoryMiB < 4096) continue;
      const domainFacts = { name, ...facts, memoryMib: facts.memoryMiB };
      const estimate = estimateAllocatable(domainFacts, 16);
      const { allocatable, attachableVolumes } = nodeResources({ name, ...facts }, 16 + DEFAULT_OVERHEAD.daemonPods);
      expect(Number.parseInt(allocatable.memory ?? "", 10)).toBeGreaterThanOrEqual(estimate.memoryMib);
      expect(Number.parseInt(allocatable.cpu ?? "", 10)).toBeGreaterThanOrEqual(estimate.cpuMilli);
      expect(attachableVolumes).toBe(estimate.volumes);
    }
  });
});

describe("user data", () => {
  const document = {
    apiServerEndpoint: "https://127.0.0.1:6443",
    caCertData: Buffer.from("PEM").toString("base64"),
    token: "abcdef.0123456789abcdef",
    nodeName: "mac-1",
    labels: { "berth.dev/pool": "general" },
    taints: [],
    maxPods: 22,
  };
  const script = (json: string) =>
    `#!/bin/bash\ncat > /etc/join <<'JOIN'\n# berth-join-begin\n${json}\n# berth-join-end\nJOIN\nsystemctl start kubelet\n`;

  test("carries the join document between two marked lines, on one line or on many", () => {
    for (const indent of [0, 2]) {
      expect(joinDocumentOf(script(JSON.stringify(document, null, indent)))).toEqual({
        apiServerEndpoint: document.apiServerEndpoint,
        caCertPem: "PEM",
        token: document.token,
        nodeName: "mac-1",
        labels: document.labels,
        taints: [],
        maxPods: 22,
      });
    }
  });

  test.each([
    ["no marks", "#!/bin/bash\n"],
    ["no JSON", script("{")],
    ["no token", script(JSON.stringify({ ...document, token: undefined }))],
    ["no pod count", script(JSON.stringify({ ...document, maxPods: "many" }))],
  ])("with %s joins nothing", (_name, text) => {
    expect(joinDocumentOf(text)).toBeUndefined();
  });
});

describe("the state file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-world-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("is written on close when something changed, whole and for its owner alone", () => {
    let value = { n: 1 };
    const file = createStateFile(folder, "world.json", () => value);
    expect(file.load()).toBeUndefined();
    file.close();
    expect(readdirSync(folder)).toEqual([]);
    file.touch();
    value = { n: 2 };
    file.close();
    expect(readdirSync(folder)).toEqual(["world.json"]);
    expect(statSync(join(folder, "world.json")).mode & 0o777).toBe(0o600);
    expect(file.load()).toEqual({ n: 2 });
  });

  test("a broken file is an error, not an empty world", () => {
    writeFileSync(join(folder, "world.json"), "{");
    const file = createStateFile(folder, "world.json", () => 0);
    expect(() => file.load()).toThrow("cannot be read");
    expect(readFileSync(join(folder, "world.json"), "utf8")).toBe("{");
  });
});

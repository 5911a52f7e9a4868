import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { waitFor } from "../wait-for.ts";
import { buildControlPlane, KUBERNETES_VERSION } from "./build.ts";
import { COMPONENTS } from "./components.ts";
import { kubeApi } from "./kube-api.ts";
import { type ControlPlane, startControlPlane } from "./start.ts";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const pidsOf = (controlPlane: ControlPlane): number[] => COMPONENTS.map((name) => controlPlane.component(name).pid);

let dataDir: string;
let controlPlane: ControlPlane;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-control-plane-"));
  controlPlane = await startControlPlane({ dataDir });
});
afterAll(async () => {
  await controlPlane.stop();
  rmSync(dataDir, { recursive: true });
});

describe("startControlPlane", () => {
  it("serves the Kubernetes version that it was built from, on loopback", async () => {
    const { body } = await controlPlane.api.get("/version");
    expect(body.gitVersion).toBe(`v${KUBERNETES_VERSION}`);
    expect(controlPlane.apiServerUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });

  it("gives an admin's kubeconfig with everything inline", async () => {
    const config = parse(controlPlane.adminKubeconfig);
    expect(Object.keys(config.clusters[0].cluster).sort()).toEqual(["certificate-authority-data", "server"]);
    expect(Object.keys(config.users[0].user).sort()).toEqual(["client-certificate-data", "client-key-data"]);
  });

  it("gives anybody else a kubeconfig, and leaves what they may to RBAC", async () => {
    const config = parse(await controlPlane.kubeconfigFor("jane", ["readers"]));
    const text = (base64: string) => Buffer.from(base64, "base64").toString();
    const { user } = config.users[0];
    const jane = kubeApi(controlPlane.apiServerUrl, controlPlane.caCertPem, {
      certPem: text(user["client-certificate-data"]),
      keyPem: text(user["client-key-data"]),
    });
    const review = await jane.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    });
    expect(review.body.status.userInfo).toMatchObject({
      username: "jane",
      groups: ["readers", "system:authenticated"],
    });
    expect((await jane.get("/api/v1/namespaces")).status).toBe(403);
    await jane.close();
  });

  it("refuses a second control plane on the same folder", async () => {
    await expect(startControlPlane({ dataDir })).rejects.toThrow(/in use: its etcd runs as process \d+/);
  });

  it("can take a component away and bring it back", async () => {
    const apiServer = controlPlane.component("kube-apiserver");
    await apiServer.kill();
    await expect(controlPlane.api.get("/version")).rejects.toThrow();
    await apiServer.start();
    expect((await controlPlane.api.get("/version")).status).toBe(200);
    expect(controlPlane.component("kube-apiserver").pid).not.toBe(apiServer.pid);
  });

  it("is the same control plane when it starts again on its folder, even after a crash", async () => {
    const before = controlPlane;
    const made = await before.api.post("/api/v1/namespaces", { metadata: { name: "kept" } });
    const pids = pidsOf(before);
    await before.kill();
    expect(pids.filter(isAlive)).toEqual([]);

    controlPlane = await startControlPlane({ dataDir });
    expect(controlPlane.adminKubeconfig).toBe(before.adminKubeconfig);
    const kept = await controlPlane.api.get("/api/v1/namespaces/kept");
    expect(kept.body.metadata.uid).toBe(made.body.metadata.uid);
  });
});

it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("leaves nothing behind when its owner gets %s", async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-control-plane-"));
  const program = `
    const { startControlPlane } = await import(${JSON.stringify(new URL("./start.ts", import.meta.url).href)});
    await startControlPlane({ dataDir: ${JSON.stringify(folder)} });
    process.stdout.write("ready");
    setInterval(() => undefined, 1000);
  `;
  const owner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(owner.stdout, "data");
  const pids = Object.values(JSON.parse(readFileSync(join(folder, "pids.json"), "utf8")) as Record<string, number>);
  expect(pids.filter(isAlive)).toHaveLength(COMPONENTS.length);
  owner.kill(signal);
  await waitFor(() => !pids.some(isAlive), { timeoutMs: 30_000, what: "all components to end" });
  rmSync(folder, { recursive: true });
});

describe("buildControlPlane", () => {
  it("gives the binary at once when it is there", async () => {
    const lines: string[] = [];
    expect(await buildControlPlane({ onProgress: (line) => lines.push(line) })).toMatch(/control-plane$/);
    expect(lines).toEqual([]);
  });
});

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import { requestToJoin } from "./join-request.ts";
import { kubeApi } from "./kube-api.ts";
import { type ControlPlane, startControlPlane } from "./start.ts";

const CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

let dataDir: string;
let controlPlane: ControlPlane;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "berth-join-"));
  controlPlane = await startControlPlane({ dataDir });
});
afterAll(async () => {
  await controlPlane.stop();
  rmSync(dataDir, { recursive: true });
});

/** A token of ten minutes, as the machines loop will make it. */
async function makeToken(): Promise<string> {
  const [id, secret] = [randomBytes(3).toString("hex"), randomBytes(8).toString("hex")];
  const made = await controlPlane.api.post("/api/v1/namespaces/kube-system/secrets", {
    metadata: { name: `bootstrap-token-${id}` },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": "system:bootstrappers:berth",
      expiration: new Date(Date.now() + 600_000).toISOString(),
    },
  });
  expect(made.status).toBe(201);
  return `${id}.${secret}`;
}

async function approve(csrName: string): Promise<void> {
  const { body: csr } = await controlPlane.api.get(`${CSRS}/${csrName}`);
  csr.status.conditions = [{ type: "Approved", status: "True", reason: "BerthLaunched", message: "we launched it" }];
  expect((await controlPlane.api.put(`${CSRS}/${csrName}/approval`, csr)).status).toBe(200);
}

const requestFor = (nodeName: string, token: string) => requestToJoin({ ...controlPlane, token, nodeName });

describe("joining by a bootstrap token", () => {
  it("waits for approval, is issued, and the certificate creates its own Node and no other", async () => {
    const request = await requestFor("mac-one", await makeToken());

    // The controller that could approve looks at each request, and leaves this one: a later one passing it proves that.
    const later = await requestFor("mac-later", await makeToken());
    await approve(later.csrName);
    await later.untilIssued(20_000);
    const { body: pending } = await controlPlane.api.get(`${CSRS}/${request.csrName}`);
    expect(pending.status).toEqual({});
    expect(pending.spec).toMatchObject({
      username: expect.stringMatching(/^system:bootstrap:[0-9a-f]{6}$/),
      groups: expect.arrayContaining(["system:bootstrappers:berth"]),
    });

    await approve(request.csrName);
    const identity = await request.untilIssued(20_000);
    const kubelet = kubeApi(controlPlane.apiServerUrl, controlPlane.caCertPem, identity);
    const node = (name: string) => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
    expect((await kubelet.post("/api/v1/nodes", node("mac-one"))).status).toBe(201);
    const other = await kubelet.post("/api/v1/nodes", node("mac-two"));
    expect(other.status).toBe(403);
    expect(other.body.message).toContain('node "mac-one" is not allowed to modify node "mac-two"');
    await kubelet.close();
  });

  it("refuses a token whose Secret is deleted", async () => {
    const token = await makeToken();
    const name = `bootstrap-token-${token.split(".")[0]}`;
    expect((await controlPlane.api.delete(`/api/v1/namespaces/kube-system/secrets/${name}`)).status).toBe(200);
    // The API server's cache follows its own pace.
    const refused = async () => {
      const error = await requestFor("mac-three", token).then(
        () => undefined,
        (reason: Error) => reason,
      );
      return error?.message.includes("refused with 401");
    };
    await waitFor(refused, { timeoutMs: 10_000, what: "the token to be refused" });
  });

  it("lets a token do nothing but ask", async () => {
    const machine = kubeApi(controlPlane.apiServerUrl, controlPlane.caCertPem, { token: await makeToken() });
    expect((await machine.post("/api/v1/nodes", { metadata: { name: "mac-four" } })).status).toBe(403);
    expect((await machine.get("/api/v1/namespaces/kube-system/secrets")).status).toBe(403);
    await machine.close();
  });

  it("never issues a request that is denied", async () => {
    const request = await requestFor("mac-five", await makeToken());
    const { body: csr } = await controlPlane.api.get(`${CSRS}/${request.csrName}`);
    csr.status.conditions = [{ type: "Denied", status: "True", reason: "NotLaunched", message: "unknown machine" }];
    await controlPlane.api.put(`${CSRS}/${request.csrName}/approval`, csr);
    const again = await controlPlane.api.get(`${CSRS}/${request.csrName}`);
    again.body.status.conditions.push({ type: "Approved", status: "True", reason: "Late", message: "" });
    expect((await controlPlane.api.put(`${CSRS}/${request.csrName}/approval`, again.body)).status).toBe(422);
  });
});

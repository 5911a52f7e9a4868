import type { CertificateSigningRequest } from "@berth/ports";
import { describe, expect, it } from "vitest";
import { requestToJoin } from "../control-plane/join-request.ts";
import { waitFor } from "../wait-for.ts";
import { createTestCluster, untilSucceeded } from "./clusters.ts";
import type { Platform } from "./start-platform.ts";
import { withPlatform } from "./with-platform.ts";
import type { SimulatedPlatformWorld } from "./world.ts";

const LONG_MS = 180_000;

const requestsOf = ({ simulated }: SimulatedPlatformWorld) =>
  simulated.world.kubernetes.objects("CertificateSigningRequest") as readonly CertificateSigningRequest[];

/** From now on nobody can approve or deny. */
function refuseVerdicts({ simulated }: SimulatedPlatformWorld): void {
  const match = { verbs: ["update"], resources: ["certificatesigningrequests"] } as const;
  simulated.world.kubernetes.faults.refuse({ code: 503, match });
}

/** Verdicts pass again, and the machines are looked at: by now they may wait a minute between two tries. */
async function allowVerdicts(platform: Platform, { simulated }: SimulatedPlatformWorld): Promise<void> {
  simulated.world.kubernetes.faults.clear();
  await platform.database.query("update machine set next_check_at = now(), wakes = wakes + 1");
}

function asAdministrator({ simulated }: SimulatedPlatformWorld, method: string, path: string, body?: unknown): void {
  const { kubernetes } = simulated.world;
  const headers = { authorization: `Bearer ${kubernetes.adminToken}`, "content-type": "application/json" };
  const answer = kubernetes.handle({
    method,
    path: `/apis/certificates.k8s.io/v1/certificatesigningrequests/${path}`,
    headers,
    body,
  });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** The requests that the worker has chosen, by name, once it has chosen so many. */
async function chosen(platform: Platform, count: number): Promise<readonly string[]> {
  return waitFor(
    async () => {
      const rows = await platform.database.query<{ name: string }>(
        "select approved_request ->> 'name' as name from launch where approved_request is not null order by id",
      );
      return rows.length === count ? rows.map(({ name }) => name) : undefined;
    },
    { timeoutMs: LONG_MS, what: `${count} requests to be chosen`, intervalMs: 20 },
  );
}

// Each on a world of its own, beside each other.
describe.concurrent("joining", { timeout: 3 * LONG_MS }, () => {
  it("lets one of two that ask with one token have the certificate, and names the other", () =>
    withPlatform({}, async (platform, world) => {
      refuseVerdicts(world);
      await createTestCluster(platform, "twins", { instances: 1 });
      const [first = ""] = await chosen(platform, 1);
      const { kubernetes } = world.simulated.world;
      const [token] = kubernetes
        .objects("Secret", "kube-system")
        .filter(({ metadata }) => metadata.name.startsWith("bootstrap-token-"));
      const { data } = token as unknown as { data: Readonly<Record<string, string>> };
      const text = (field: string) => Buffer.from(data[field] ?? "", "base64").toString();
      const [machine] = (await platform.operator.listMachines({ query: {} })).body.data;
      const twin = await requestToJoin({
        apiServerUrl: world.simulated.kubernetesUrl,
        caCertPem: kubernetes.authority.certificatePem,
        token: `${text("token-id")}.${text("token-secret")}`,
        nodeName: machine?.node_name ?? "",
      });
      const params = { machine_id: machine?.id ?? "" };
      await allowVerdicts(platform, world);
      const ready = async () => {
        const { status } = (await platform.operator.getMachine({ params })).body;
        if (status.state === "ready") return true;
        throw new Error(JSON.stringify(status));
      };
      await waitFor(ready, { timeoutMs: LONG_MS, what: "the machine to join", intervalMs: 20 });
      const verdicts = requestsOf(world).map(({ metadata, status }) => [
        metadata.name,
        status?.certificate !== undefined,
      ]);
      expect(Object.fromEntries(verdicts)).toEqual({ [first]: true, [twin.csrName]: false });
    }));

  it("lets a kubelet join that asks anew because its request was denied or removed before it had a certificate", () =>
    withPlatform({}, async (platform, world) => {
      refuseVerdicts(world);
      const cluster = await createTestCluster(platform, "again");
      const [denied = "", removed = "", kept = ""] = await chosen(platform, 3);
      const request = requestsOf(world).find(({ metadata }) => metadata.name === denied);
      const conditions = [{ type: "Denied", status: "True", reason: "Test", message: "" }];
      const allowed = allowVerdicts(platform, world);
      asAdministrator(world, "PUT", `${denied}/approval`, { ...request, status: { conditions } });
      asAdministrator(world, "DELETE", removed);
      await allowed;
      await untilSucceeded(platform, cluster.current_operation?.id ?? "", LONG_MS);
      const issued = requestsOf(world).filter(({ status }) => status?.certificate !== undefined);
      const names = issued.map(({ metadata }) => metadata.name);
      expect(names).toHaveLength(3);
      expect(names).toContain(kept);
      expect((await chosen(platform, 3)).toSorted()).toEqual(names.toSorted());
      expect(new Set(issued.map(({ spec }) => spec.username)).size).toBe(3);
    }));
});

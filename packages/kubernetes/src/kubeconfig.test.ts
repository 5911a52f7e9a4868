import { describe, expect, it } from "vitest";
import { type KubeconfigFault, parseKubeconfig } from "./kubeconfig.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const inline = Buffer.from(PEM).toString("base64");

interface Parts {
  readonly cluster?: Record<string, unknown>;
  readonly user?: Record<string, unknown>;
  readonly current?: string;
}

function kubeconfig({ cluster, user, current }: Parts): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": current ?? "here",
    contexts: [{ name: "here", context: { cluster: "one", user: "me" } }],
    clusters: [
      { name: "one", cluster: cluster ?? { server: "https://10.0.0.1:6443/", "certificate-authority-data": inline } },
    ],
    users: [{ name: "me", user: user ?? { token: "secret" } }],
  });
}

describe("parseKubeconfig", () => {
  it("takes an inline CA with a token", () => {
    expect(parseKubeconfig(kubeconfig({}))).toEqual({
      ok: true,
      value: {
        server: "https://10.0.0.1:6443",
        caCertPem: PEM,
        tlsServerName: undefined,
        credentials: { kind: "token", token: "secret" },
      },
    });
  });

  it("takes an inline CA with a client certificate", () => {
    const user = { "client-certificate-data": inline, "client-key-data": inline };
    const parsed = parseKubeconfig(kubeconfig({ user }));
    expect(parsed.ok && parsed.value.credentials).toEqual({ kind: "certificate", certPem: PEM, keyPem: PEM });
  });

  it("takes plain http to a loopback address alone", () => {
    expect(parseKubeconfig(kubeconfig({ cluster: { server: "http://127.0.0.1:8001" } })).ok).toBe(true);
    expect(parseKubeconfig(kubeconfig({ cluster: { server: "http://10.0.0.1" } })).ok).toBe(false);
  });

  const server = { server: "https://10.0.0.1:6443", "certificate-authority-data": inline };
  const refused: [KubeconfigFault, Parts | string][] = [
    ["not_yaml", "a: [1"],
    ["not_yaml", "a".repeat(70_000)],
    ["no_current_context", "just text"],
    ["no_current_context", { current: "elsewhere" }],
    ["no_server", { cluster: { "certificate-authority-data": inline } }],
    ["plain_http", { cluster: { ...server, server: "http://kube.example.com" } }],
    ["plain_http", { cluster: { ...server, server: "file:///etc/passwd" } }],
    ["insecure_skip_tls_verify", { cluster: { ...server, "insecure-skip-tls-verify": true } }],
    ["no_ca", { cluster: { server: "https://10.0.0.1:6443" } }],
    ["file_path", { cluster: { server: "https://10.0.0.1", "certificate-authority": "/etc/ca.crt" } }],
    ["file_path", { user: { token: "t", tokenFile: "/var/run/token" } }],
    ["file_path", { user: { "client-certificate": "/a", "client-key": "/b" } }],
    ["exec_plugin", { user: { token: "harmless", exec: { command: "/bin/sh" } } }],
    ["auth_provider", { user: { "auth-provider": { name: "gcp" } } }],
    ["basic_auth", { user: { username: "a", password: "b" } }],
    ["proxy", { cluster: { ...server, "proxy-url": "http://proxy" } }],
    ["impersonation", { user: { token: "t", "as-groups": ["system:masters"] } }],
    ["no_credentials", { user: {} }],
    ["bad_base64", { cluster: { ...server, "certificate-authority-data": "%%%" } }],
  ];
  it.each(refused)("refuses with %s: %j", (fault, parts) => {
    const parsed = parseKubeconfig(typeof parts === "string" ? parts : kubeconfig(parts));
    expect(parsed).toMatchObject({ ok: false, error: { kind: "kubeconfig_refused", fault } });
  });
});

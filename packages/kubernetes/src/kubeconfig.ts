import { err, ok, type Result } from "@berth/domain";
import { parse } from "yaml";

/** How to reach one Kubernetes cluster: everything inline, nothing that runs a program or opens a file. */
export interface KubeConnection {
  /** Origin without a trailing slash, `https://10.0.0.1:6443`. */
  readonly server: string;
  readonly caCertPem: string | undefined;
  /** Name that the server's certificate is checked against, when it is not the host of `server`. */
  readonly tlsServerName: string | undefined;
  readonly credentials:
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "certificate"; readonly certPem: string; readonly keyPem: string };
}

export const KUBECONFIG_FAULTS = [
  "not_yaml",
  "no_current_context",
  "no_server",
  "plain_http",
  "insecure_skip_tls_verify",
  "no_ca",
  "file_path",
  "exec_plugin",
  "auth_provider",
  "basic_auth",
  "proxy",
  "impersonation",
  "no_credentials",
  "bad_base64",
] as const;
export type KubeconfigFault = (typeof KUBECONFIG_FAULTS)[number];

export interface KubeconfigRefusal {
  readonly kind: "kubeconfig_refused";
  readonly fault: KubeconfigFault;
  /** One sentence for the operator; never holds a credential. */
  readonly detail: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Larger ones are refused before they are parsed. */
export const MAX_KUBECONFIG_BYTES = 64 * 1024;

/**
 * Reads the current context of a kubeconfig that an operator gave us.
 *
 * Inline CA plus token or client certificate only. A kubeconfig is a program in disguise: exec plugins and auth providers
 * run commands, file paths read our own disk, and a skipped TLS check gives the token to whoever answers. Each is refused
 * by name, even where a harmless credential stands beside it. Plain http is let through to loopback addresses alone (the
 * simulated world).
 */
export function parseKubeconfig(text: string): Result<KubeConnection, KubeconfigRefusal> {
  if (Buffer.byteLength(text) > MAX_KUBECONFIG_BYTES)
    return refuse("not_yaml", "The kubeconfig is larger than 64 KiB.");
  let document: Fields;
  try {
    document = fieldsOf(parse(text, { maxAliasCount: 0, uniqueKeys: true }));
  } catch {
    return refuse("not_yaml", "The kubeconfig is neither YAML nor JSON.");
  }

  const current = textOf(document["current-context"]);
  const context = entryOf(document, "contexts", "context", current);
  const cluster = entryOf(document, "clusters", "cluster", textOf(context?.cluster));
  const user = entryOf(document, "users", "user", textOf(context?.user));
  if (context === undefined || cluster === undefined || user === undefined) {
    return refuse("no_current_context", "current-context must name a context whose cluster and user are in the file.");
  }

  const fault = clusterFault(cluster) ?? userFault(user);
  if (fault !== undefined) return { ok: false, error: fault };

  const server = new URL(textOf(cluster.server) ?? "");
  const caCertPem = decodePem(cluster["certificate-authority-data"]);
  const token = textOf(user.token);
  const certPem = decodePem(user["client-certificate-data"]);
  const keyPem = decodePem(user["client-key-data"]);
  if (caCertPem === null || certPem === null || keyPem === null) {
    return refuse("bad_base64", "The *-data fields hold base64 of PEM blocks.");
  }
  const connection = {
    server: `${server.origin}${server.pathname.replace(/\/+$/, "")}`,
    caCertPem,
    tlsServerName: textOf(cluster["tls-server-name"]),
  };
  if (token !== undefined) return ok({ ...connection, credentials: { kind: "token", token } });
  if (certPem !== undefined && keyPem !== undefined) {
    return ok({ ...connection, credentials: { kind: "certificate", certPem, keyPem } });
  }
  return refuse("no_credentials", "The user needs a token, or client-certificate-data with client-key-data.");
}

function clusterFault(cluster: Fields): KubeconfigRefusal | undefined {
  const address = textOf(cluster.server);
  if (address === undefined || !URL.canParse(address))
    return refusal("no_server", "The cluster has no server address.");
  const server = new URL(address);
  if (cluster["insecure-skip-tls-verify"] === true) {
    return refusal("insecure_skip_tls_verify", "insecure-skip-tls-verify would hand our token to whoever answers.");
  }
  if (cluster["certificate-authority"] !== undefined) {
    return refusal("file_path", "certificate-authority is a path; use certificate-authority-data.");
  }
  if (cluster["proxy-url"] !== undefined) return refusal("proxy", "proxy-url is not supported.");
  if (server.protocol === "http:" && isLoopback(server.hostname)) return undefined;
  if (server.protocol !== "https:") return refusal("plain_http", "The server address must begin with https.");
  if (server.username !== "" || server.password !== "") return refusal("basic_auth", "The address holds a password.");
  if (cluster["certificate-authority-data"] === undefined) {
    return refusal("no_ca", "certificate-authority-data is missing: we check the server against it alone.");
  }
  return undefined;
}

function userFault(user: Fields): KubeconfigRefusal | undefined {
  if (user.exec !== undefined)
    return refusal("exec_plugin", "The user runs an exec plugin; give a token or certificate.");
  if (user["auth-provider"] !== undefined) return refusal("auth_provider", "Auth providers are not supported.");
  if (user.username !== undefined || user.password !== undefined) {
    return refusal("basic_auth", "Basic authentication is not supported by Kubernetes any more.");
  }
  const path = ["client-certificate", "client-key", "tokenFile"].find((field) => user[field] !== undefined);
  if (path !== undefined) return refusal("file_path", `${path} is a path on some disk; give its content inline.`);
  const impersonation = Object.keys(user).find((field) => field === "as" || field.startsWith("as-"));
  if (impersonation !== undefined) return refusal("impersonation", "Impersonation is not supported.");
  return undefined;
}

function entryOf(document: Fields, list: string, field: string, name: string | undefined): Fields | undefined {
  const entries = document[list];
  if (name === undefined || !Array.isArray(entries)) return undefined;
  const entry = entries.map(fieldsOf).find((candidate) => candidate.name === name);
  return entry === undefined ? undefined : fieldsOf(entry[field]);
}

/** undefined: absent; null: present and not base64 of PEM. */
function decodePem(value: unknown): string | undefined | null {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !/^[A-Za-z0-9+/\s]+=*\s*$/.test(value)) return null;
  const pem = Buffer.from(value, "base64").toString("utf8");
  return pem.includes("-----BEGIN ") ? pem : null;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function refusal(fault: KubeconfigFault, detail: string): KubeconfigRefusal {
  return { kind: "kubeconfig_refused", fault, detail };
}

function refuse(fault: KubeconfigFault, detail: string): Result<never, KubeconfigRefusal> {
  return err(refusal(fault, detail));
}

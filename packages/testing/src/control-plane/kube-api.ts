import { Agent, fetch } from "undici";

/** Who asks: a client certificate, a bearer token, or nobody (anonymous). */
export type KubeCredential =
  | { readonly certPem: string; readonly keyPem: string }
  | { readonly token: string }
  | Record<string, never>;

export interface KubeAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server said; tests look into it.
  readonly body: any;
}

const CONTENT_TYPES = {
  apply: "application/apply-patch+yaml",
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

/** A plain client of the API server: requests as a curl would make them, without any of our adapters in between. */
export interface KubeApi {
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>;
  get(path: string): Promise<KubeAnswer>;
  post(path: string, body: unknown): Promise<KubeAnswer>;
  put(path: string, body: unknown): Promise<KubeAnswer>;
  patch(kind: keyof typeof CONTENT_TYPES, path: string, body: unknown): Promise<KubeAnswer>;
  delete(path: string, body?: unknown): Promise<KubeAnswer>;
  close(): Promise<void>;
}

/** A client that trusts the authority given and nobody else. */
export function kubeApi(url: string, caCertPem: string, credential: KubeCredential): KubeApi {
  const identity = "certPem" in credential ? { cert: credential.certPem, key: credential.keyPem } : {};
  const dispatcher = new Agent({ connect: { ca: caCertPem, ...identity } });
  const authorization = "token" in credential ? { authorization: `Bearer ${credential.token}` } : {};

  async function request(method: string, path: string, body?: unknown, contentType = "application/json") {
    const response = await fetch(`${url}${path}`, {
      method,
      dispatcher,
      headers: {
        accept: "application/json",
        ...authorization,
        ...(body !== undefined && { "content-type": contentType }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  return {
    request,
    get: (path) => request("GET", path),
    post: (path, body) => request("POST", path, body),
    put: (path, body) => request("PUT", path, body),
    patch: (kind, path, body) => request("PATCH", path, body, CONTENT_TYPES[kind]),
    delete: (path, body) => request("DELETE", path, body),
    close: () => dispatcher.close(),
  };
}

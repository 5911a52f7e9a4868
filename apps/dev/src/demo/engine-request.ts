import { request } from "node:https";

export interface EngineAddress {
  readonly host: string;
  readonly port: number;
  readonly caCertificate: string;
  /** Name that the certificate must have. */
  readonly serverName: string;
  readonly username: string;
  readonly password: string;
}

/** One request to a cluster over TLS, as its customer makes it. Gives the parsed answer; throws on a status from 400. */
export function engineRequest(address: EngineAddress, method: string, path: string, body?: unknown): Promise<unknown> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: address.host,
        port: address.port,
        method,
        path,
        ca: address.caCertificate,
        servername: address.serverName,
        auth: `${address.username}:${address.password}`,
        headers: payload === undefined ? {} : { "content-type": "application/json" },
        timeout: 30_000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (status >= 400) reject(new Error(`${method} ${path} answered ${status}: ${text}`));
          else resolve(text === "" ? undefined : JSON.parse(text));
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer`)));
    call.on("error", reject);
    call.end(payload);
  });
}

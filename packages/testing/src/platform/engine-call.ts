import type { Connection } from "@berth/contract";
import { Agent, request } from "undici";

export interface EngineAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One request to a cluster as its customer makes it: to an endpoint of `connection`, over TLS that is checked. */
export async function engineCall(
  connection: Connection,
  credential: { readonly username: string; readonly password: string } | undefined,
  method: "GET" | "PUT" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<EngineAnswer> {
  const endpoint = connection.endpoints[0];
  if (endpoint === undefined || connection.ca_certificate === null) throw new Error("the cluster has no endpoint yet");
  const agent = new Agent({ connect: { ca: connection.ca_certificate, servername: connection.server_name } });
  const basic = credential === undefined ? "" : btoa(`${credential.username}:${credential.password}`);
  try {
    const answer = await request(`${endpoint.url}${path}`, {
      dispatcher: agent,
      method,
      headers: {
        ...(credential === undefined ? {} : { authorization: `Basic ${basic}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  } finally {
    await agent.close();
  }
}

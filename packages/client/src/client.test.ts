import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type Client, createClient, entriesOf } from "./client.ts";
import { NoAnswerError, ProblemError } from "./problem-error.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that answers the n-th request with the n-th handler, and the last one from then on. */
async function clientOf(...handlers: Handler[]): Promise<Client> {
  let count = 0;
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const handler = handlers[Math.min(count++, handlers.length - 1)];
    handler?.(request, response, body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return createClient({ baseUrl: `http://127.0.0.1:${port}/`, apiKey: "berth_live_x" });
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Handler => {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return (_, response) => response.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body));
};
const problem = (status: number, code: string, headers?: Record<string, string>) =>
  json(
    status,
    { status, code, detail: code, title: code, retryable: true, request_id: "r", type: "t", instance: "i" },
    headers,
  );

const demo = { name: "demo", region: "r", size: "8g", instances: 3 };

describe("a call", () => {
  it("sends the key, the path, the query and the body", async () => {
    const client = await clientOf((request, response, body) => {
      const { method, url, headers } = request;
      json(202, { method, url, body: JSON.parse(body), authorization: headers.authorization })(request, response, body);
    });
    const answer = await client.createCluster({ body: demo, query: { dry_run: false } });
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      method: "POST",
      url: "/v1/clusters?dry_run=false",
      body: demo,
      authorization: "Bearer berth_live_x",
    });
  });

  it("escapes what it puts into the path and repeats a query field for each of its values", async () => {
    const urls: string[] = [];
    const client = await clientOf((request, response, body) => {
      urls.push(request.url ?? "");
      json(200, { data: [], next_page_token: null })(request, response, body);
    });
    await client.getCluster({ params: { cluster_id: "a/../b" } });
    await client.listClusters({ query: { label: ["a:b", "c:d"] } });
    expect(urls).toEqual(["/v1/clusters/a%2F..%2Fb", "/v1/clusters?label=a%3Ab&label=c%3Ad"]);
  });

  it("throws a refusal with its body", async () => {
    const client = await clientOf(problem(404, "not_found"));
    const error = await client.getMe().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.is("not_found")).toBe(true);
  });

  it("gives 503 of readyz as an answer, as the contract has it", async () => {
    const client = await clientOf(json(503, { status: "unavailable", checks: [] }));
    expect((await client.getReadyz()).body.status).toBe("unavailable");
  });

  it("names the address when what answers is no Berth API", async () => {
    const client = await clientOf((_, response) => response.writeHead(400).end("<html>"));
    await expect(client.getMe()).rejects.toThrow(NoAnswerError);
  });
});

describe("a repeated attempt", () => {
  it("keeps its Idempotency-Key over broken connections, 503 and a first attempt still in flight", async () => {
    const keys = new Set<string | undefined>();
    const seen = (handler: Handler): Handler => {
      return (request, response, body) => {
        keys.add(request.headers["idempotency-key"] as string | undefined);
        handler(request, response, body);
      };
    };
    const client = await clientOf(
      seen((request) => request.socket.destroy()),
      seen(problem(503, "overloaded", { "retry-after": "0" })),
      seen(problem(409, "idempotency_in_flight", { "retry-after": "0" })),
      seen(json(202, { id: "cl_1" })),
    );
    const { body } = await client.createCluster({ body: demo });
    expect(body).toEqual({ id: "cl_1" });
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is not made for a refusal that will stay one, nor for a PATCH", async () => {
    let calls = 0;
    const client = await clientOf((request, response, body) => {
      calls += 1;
      problem(request.method === "PATCH" ? 503 : 409, "name_taken")(request, response, body);
    });
    await expect(client.createCluster({ body: demo })).rejects.toThrow(ProblemError);
    await expect(client.updatePool({ params: { pool_id: "p" }, body: {} })).rejects.toThrow(ProblemError);
    expect(calls).toBe(2);
  });
});

describe("following events", () => {
  const event = (id: string) => `id: ${id}\nevent: cluster.created\ndata: {"id":"${id}"}\n\n`;

  it("goes on after the last event when the connection breaks, and ends when the server says so", async () => {
    const resumedAfter: (string | undefined)[] = [];
    const stream = (text: string): Handler => {
      return (request, response) => {
        resumedAfter.push(request.headers["last-event-id"] as string | undefined);
        response.writeHead(200, { "content-type": "text/event-stream" }).write(text);
        setImmediate(() => response.end());
      };
    };
    const client = await clientOf(
      stream(`: hello\n\n${event("evt_1")}${event("evt_2")}id: evt_3\ndata: cut`),
      stream(`${event("evt_3")}event: end\ndata: {}\n\n`),
    );
    const ids: string[] = [];
    for await (const one of client.follow.listOperationEvents({ params: { operation_id: "op" } })) ids.push(one.id);
    expect(ids).toEqual(["evt_1", "evt_2", "evt_3"]);
    expect(resumedAfter).toEqual([undefined, "evt_2"]);
  });

  it("stops quietly when the caller aborts", async () => {
    const client = await clientOf((_, response) => response.writeHead(200).write(event("evt_1")));
    const abort = new AbortController();
    const ids: string[] = [];
    for await (const one of client.follow.listEvents({ signal: abort.signal })) {
      ids.push(one.id);
      abort.abort();
    }
    expect(ids).toEqual(["evt_1"]);
  });
});

describe("a download", () => {
  const readAll = async (client: Client) => {
    let text = "";
    for await (const chunk of client.download.exportAuditEvents({ query: { format: "csv" } })) {
      text += Buffer.from(chunk).toString();
    }
    return text;
  };

  it("gives the bytes as they come, and asks again for what only the moment refuses", async () => {
    let accept: string | undefined;
    const client = await clientOf(problem(503, "overloaded", { "retry-after": "0" }), (request, response) => {
      accept = request.headers.accept;
      response.writeHead(200, { "content-type": "text/csv" }).write("one,");
      setImmediate(() => response.end("two"));
    });
    expect(await readAll(client)).toBe("one,two");
    expect(accept).toContain("text/csv");
  });

  it("throws a refusal, and NoAnswerError when it breaks off", async () => {
    await expect(readAll(await clientOf(problem(403, "insufficient_scope")))).rejects.toThrow(ProblemError);
    const cut: Handler = (_, response) => {
      response.writeHead(200).write("one,");
      setImmediate(() => response.destroy());
    };
    await expect(readAll(await clientOf(cut))).rejects.toThrow(NoAnswerError);
  });
});

describe("entriesOf", () => {
  it("walks all pages", async () => {
    const client = await clientOf(
      json(200, { data: [{ id: 1 }], next_page_token: "t" }),
      json(200, { data: [{ id: 2 }], next_page_token: null }),
    );
    const ids: unknown[] = [];
    for await (const one of entriesOf((page_token) => client.listClusters({ query: { page_token } }))) ids.push(one.id);
    expect(ids).toEqual([1, 2]);
  });
});

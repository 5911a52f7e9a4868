import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

interface FakeBody {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export type FakeAnswer = FakeBody | ((response: ServerResponse) => void);

/**
 * A server that answers as it is told: for what is about this program alone (exit codes, streams, Ctrl-C). Whatever the API
 * has a say in is tested against the real one, in packages/testing.
 */
export async function startFakeApi(answer: (request: FakeRequest) => FakeAnswer) {
  const requests: FakeRequest[] = [];
  const server = createServer(async (message, response) => {
    let text = "";
    for await (const chunk of message) text += chunk;
    const url = new URL(message.url ?? "/", "http://fake");
    const request: FakeRequest = {
      method: message.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: message.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    requests.push(request);
    const result = answer(request);
    if (typeof result === "function") return result(response);
    const { status = 200, headers, body } = result;
    response.writeHead(status, {
      ...headers,
      "content-type": status < 400 ? "application/json" : "application/problem+json",
    });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const problem = (status: number, code: string, more: object = {}): FakeAnswer => ({
  status,
  body: {
    type: `/problems/${code}`,
    title: code,
    status,
    code,
    detail: `detail of ${code}`,
    retryable: false,
    ...more,
  },
});

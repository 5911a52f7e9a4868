import { createServer } from "node:net";

/** Ports handed out by this process: two callers that ask at once must not be given the same one. */
const given = new Set<number>();

/**
 * A TCP port that nobody listens on, at the address given.
 *
 * Somebody else may take it before the caller does (the kernel hands out ports in no order, so this is rare): a caller
 * that starts a server on it takes a failed start as final and says so.
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = await portFromKernel(host);
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

function portFromKernel(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("a TCP server has no port"));
        else resolve(address.port);
      });
    });
  });
}

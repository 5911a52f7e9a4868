import { createServer, type Server, type Socket } from "node:net";

export interface Listeners {
  /** Makes the open ports exactly these: `key` changes when another process took the address. */
  set(wanted: readonly { readonly address: string; readonly port: number; readonly key: string }[]): void;
  close(): Promise<void>;
}

interface Open {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  key: string;
}

/**
 * One listening socket for each simulated process; the connections are handed on, so that hundreds of listeners share a
 * few HTTP servers. When a process ends its connections are cut, as the kernel would.
 */
export function createListeners(
  onConnection: (socket: Socket) => void,
  onError: (address: string, error: Error) => void,
): Listeners {
  const open = new Map<string, Open>();
  let closed = false;

  const shut = (name: string, listener: Open): Promise<void> => {
    open.delete(name);
    for (const socket of listener.sockets) socket.destroy();
    return new Promise((resolve) => listener.server.close(() => resolve()));
  };
  const listen = (address: string, port: number, key: string): void => {
    const name = `${address}:${port}`;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    server.on("error", (error) => {
      open.delete(name);
      onError(name, error);
    });
    open.set(name, { server, sockets, key });
    server.listen(port, address);
  };

  return {
    set: (wanted) => {
      if (closed) return;
      const names = new Map(wanted.map((entry) => [`${entry.address}:${entry.port}`, entry]));
      for (const [name, listener] of [...open]) {
        const entry = names.get(name);
        if (entry === undefined) void shut(name, listener);
        else if (entry.key !== listener.key) {
          listener.key = entry.key;
          for (const socket of listener.sockets) socket.destroy();
        }
      }
      for (const [name, { address, port, key }] of names) if (!open.has(name)) listen(address, port, key);
    },
    close: async () => {
      closed = true;
      await Promise.all([...open].map(([name, listener]) => shut(name, listener)));
    },
  };
}

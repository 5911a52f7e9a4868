import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Runs `use` while no other process of this machine runs the same for this name, so that two do not build twice.
 *
 * The lock is a listening socket in Linux' abstract namespace: it has no file, and the kernel frees it with its owner,
 * however that one ends. A lock file would need somebody to decide when it is stale.
 */
export async function withMachineLock<T>(name: string, onWait: () => void, use: () => Promise<T>): Promise<T> {
  let told = false;
  for (;;) {
    const lock = await tryLock(name);
    if (lock !== undefined) {
      try {
        return await use();
      } finally {
        lock.close();
      }
    }
    if (!told) onWait();
    told = true;
    await pause(250);
  }
}

async function tryLock(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(`\0berth-${name}`);
    await once(server, "listening");
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
}

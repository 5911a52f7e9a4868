import { createServer, type Server } from "node:net";

/** A loopback range that this process alone hands out pod addresses from: `127.P`. */
export interface AddressRange {
  readonly prefix: `127.${number}`;
  release(): Promise<void>;
}

const FIRST = 30;
const LAST = 69;
const GUARD_PORT = 9_299;

/**
 * Takes the wanted range when it is free, else another. Several simulated worlds may run on one machine, and each node
 * listens on its own address at port 9200: a guard socket on the last address of a range says that it is taken.
 *
 * Throws when every range belongs to another world.
 */
export async function takeAddressRange(wanted?: `127.${number}`): Promise<AddressRange> {
  const numbers = Array.from({ length: LAST - FIRST + 1 }, (_unused, index) => FIRST + index);
  const prefixes = numbers.map((number) => `127.${number}` as const);
  for (const prefix of wanted === undefined ? prefixes : [wanted, ...prefixes]) {
    const guard = await listen(`${prefix}.255.254`);
    if (guard === undefined) continue;
    return { prefix, release: () => new Promise((resolve) => guard.close(() => resolve())) };
  }
  throw new Error(
    `other simulated worlds use all pod addresses from 127.${FIRST}.* to 127.${LAST}.*: stop one of them`,
  );
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(GUARD_PORT, address, () => {
      server.unref();
      resolve(server);
    });
  });
}

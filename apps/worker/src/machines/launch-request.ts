import { createHash, randomBytes } from "node:crypto";

/** The token of an attempt: the same attempt always has the same one, so a repeated call cannot launch twice. */
export function clientTokenOf(machineId: string, attempt: number): string {
  return createHash("sha256").update(`${machineId}/${attempt}`).digest("hex");
}

export interface BootstrapToken {
  /** Six characters, public: it names the Secret. */
  readonly id: string;
  /** Sixteen characters. */
  readonly secret: string;
}

const TOKEN_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A new bootstrap token (Kubernetes' format `[a-z0-9]{6}.[a-z0-9]{16}`): single use, deleted when the machine has joined. */
export function newBootstrapToken(): BootstrapToken {
  const text = Array.from(randomBytes(64))
    .filter((byte) => byte < 252) // 252 = 7 x 36: no character is likelier than another.
    .slice(0, 22)
    .map((byte) => TOKEN_ALPHABET.charAt(byte % 36))
    .join("");
  return text.length === 22 ? { id: text.slice(0, 6), secret: text.slice(6) } : newBootstrapToken();
}

/** Tags of every machine of ours: how orphans are told from other people's instances, and whose they are. */
export function machineTags(
  environment: string,
  machineId: string,
  poolId: string,
  attempt: number,
): Record<string, string> {
  return {
    Name: machineId,
    "berth.dev/environment": environment,
    "berth.dev/machine": machineId,
    "berth.dev/pool": poolId,
    "berth.dev/attempt": String(attempt),
  };
}

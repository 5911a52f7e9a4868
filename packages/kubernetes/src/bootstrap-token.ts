import { BOOTSTRAP_GROUP, LABELS, MANAGED_BY } from "@berth/domain";
import type { Secret } from "@berth/ports";

export interface BootstrapTokenInput {
  /** Six and sixteen characters of [a-z0-9]; the token is `<id>.<secret>`. */
  readonly tokenId: string;
  readonly tokenSecret: string;
  readonly expiresAt: Date;
  /** The machine that it is for. */
  readonly machineId: string;
}

/** At most this long may a token be valid: a machine that has not joined by then gets a new attempt. */
export const MAX_TOKEN_LIFE_MS = 3_600_000;

/**
 * The Secret that makes a bootstrap token valid. It may only authenticate (never sign cluster-info), in our group alone,
 * which may make signing requests and read what kubeadm needs.
 *
 * Made by plain create: an apply would revive the token of a machine that has joined already.
 * Throws TypeError for parts that the API server would not take for a token.
 */
export function bootstrapTokenSecret(input: BootstrapTokenInput): Secret {
  if (!/^[a-z0-9]{6}$/.test(input.tokenId) || !/^[a-z0-9]{16}$/.test(input.tokenSecret)) {
    throw new TypeError("a bootstrap token has an id of 6 and a secret of 16 lower-case letters and digits");
  }
  const fields = {
    "token-id": input.tokenId,
    "token-secret": input.tokenSecret,
    expiration: input.expiresAt.toISOString().replace(/\.\d{3}Z$/, "Z"),
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": BOOTSTRAP_GROUP,
    description: `Joins machine ${input.machineId}, once.`,
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: bootstrapTokenName(input.tokenId),
      namespace: "kube-system",
      labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.machine]: input.machineId },
    },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, Buffer.from(value, "utf8").toString("base64")]),
    ),
  };
}

export function bootstrapTokenName(tokenId: string): string {
  return `bootstrap-token-${tokenId}`;
}

import type { X509Certificate } from "node:crypto";
import type { SimulationClock } from "../clock.ts";
import { unauthorized } from "./api-error.ts";
import type { Secret } from "./objects.ts";
import type { Caller } from "./registry.ts";
import type { ApiRequest } from "./request.ts";
import { SECRETS } from "./resources.ts";
import type { Store } from "./store.ts";

const ADMIN: Caller = { username: "berth-admin", groups: ["system:masters", "system:authenticated"] };
const ANONYMOUS: Caller = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/**
 * Who calls: the identity that the skin vouches for, else the bearer token: the administrator's, or a bootstrap token
 * (a Secret kube-system/bootstrap-token-ID with its secret, usage and expiry). An unknown token is 401, none is anonymous.
 */
export function authenticate(
  request: ApiRequest,
  facts: { store: Store; clock: SimulationClock; adminToken: string },
): Caller {
  if (request.user !== undefined) return request.user;
  const header = request.headers?.authorization;
  if (header === undefined || header === "") return ANONYMOUS;
  const token = /^Bearer\s+(.+)$/i.exec(header)?.[1];
  if (token === undefined) throw unauthorized();
  if (token === facts.adminToken) return ADMIN;
  const bootstrap = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
  const secret =
    bootstrap === null ? undefined : facts.store.get(SECRETS, "kube-system", `bootstrap-token-${bootstrap[1]}`);
  const caller =
    secret === undefined
      ? undefined
      : bootstrapCaller(secret, bootstrap?.[1] ?? "", bootstrap?.[2] ?? "", facts.clock.now());
  if (caller === undefined) throw unauthorized();
  return caller;
}

const read = (secret: Secret, key: string): string => Buffer.from(secret.data?.[key] ?? "", "base64").toString();

function bootstrapCaller(secret: Secret, id: string, secretPart: string, now: number): Caller | undefined {
  if (secret.type !== "bootstrap.kubernetes.io/token" || secret.metadata.deletionTimestamp !== undefined)
    return undefined;
  if (read(secret, "token-id") !== id || read(secret, "token-secret") !== secretPart) return undefined;
  if (read(secret, "usage-bootstrap-authentication") !== "true") return undefined;
  const expiration = read(secret, "expiration");
  if (expiration !== "" && !(Date.parse(expiration) > now)) return undefined;
  const extra = read(secret, "auth-extra-groups")
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group.startsWith("system:bootstrappers:"));
  return {
    username: `system:bootstrap:${id}`,
    groups: ["system:bootstrappers", ...extra, "system:authenticated"],
  };
}

/** The identity in a client certificate that the cluster's authority signed: common name and organizations. */
export function callerOfCertificate(certificate: X509Certificate): Caller {
  const lines = certificate.subject.split("\n");
  const valuesOf = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  return { username: valuesOf("CN")[0] ?? "", groups: [...valuesOf("O"), "system:authenticated"] };
}

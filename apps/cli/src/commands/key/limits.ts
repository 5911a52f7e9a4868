import { PERMISSIONS, type Permission } from "@berth/contract";
import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { commaList } from "../parse.ts";

interface LimitOptions {
  readonly scopes?: Permission[] | undefined;
  readonly projects?: string[] | undefined;
  readonly clusters?: string[] | undefined;
  readonly cidrs?: string[] | undefined;
  readonly expiresIn?: number | undefined;
}

/** Adds the options that say what a key can. */
export function withLimits(command: Command) {
  return command
    .option("--scopes <permissions>", "what it may, as clusters:read,clusters:write", permissionList)
    .option("--projects <ids>", "only clusters of these projects", commaList)
    .option("--clusters <ids>", "only these clusters", commaList)
    .option("--cidrs <networks>", "only from these networks, as 203.0.113.0/24", commaList);
}

/** Those of the fields of a key that were given. */
export function limitsOfOptions({ scopes, projects, clusters, cidrs, expiresIn }: LimitOptions) {
  return {
    ...(scopes === undefined ? {} : { scopes }),
    ...(projects === undefined ? {} : { project_ids: projects }),
    ...(clusters === undefined ? {} : { cluster_ids: clusters }),
    ...(cidrs === undefined ? {} : { cidrs }),
    ...(expiresIn === undefined ? {} : { expires_at: new Date(Date.now() + expiresIn).toISOString() }),
  };
}

function permissionList(text: string): Permission[] {
  return commaList(text).map((word) => {
    const permission = PERMISSIONS.find((one) => one === word);
    if (permission === undefined)
      throw new InvalidArgumentError(`There is no ${word}. One of: ${PERMISSIONS.join(", ")}.`);
    return permission;
  });
}

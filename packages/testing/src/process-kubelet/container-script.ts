import type { Identity } from "./identity.ts";

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** A single file (subPath of a ConfigMap's key). */
  readonly isFile: boolean;
}

export interface ContainerSpec {
  readonly hostname: string;
  readonly podIp: string;
  /** An empty folder to build the container's root on; only the container sees what is mounted there. */
  readonly stage: string;
  readonly distribution: { readonly home: string; readonly mountPath: string } | undefined;
  readonly mounts: readonly Mount[];
  readonly readOnlyRoot: boolean;
  readonly identity: Identity;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly command: readonly string[];
}

/**
 * The script that becomes a container's first process, run as root in namespaces of its own (mounts, processes, host name).
 *
 * The root is this machine's, seen through an overlay: mount points that the pod asks for can be made, nothing that is
 * written reaches the machine, and all goes away with the process. The engine's distribution is laid over its usual path
 * the same way. Sources are mounted from outside of the new root, so a volume at /tmp hides none of them.
 */
export function containerScript(spec: ContainerSpec): string {
  const { stage, distribution } = spec;
  const root = `${stage}/root`;
  const inside = (path: string) => quote(`${root}${path}`);
  // A mount below another must come after it.
  const mounts = [...spec.mounts].sort((a, b) => depthOf(a.target) - depthOf(b.target));
  return [
    "set -eu",
    "mount --make-rprivate /",
    `mount -t tmpfs tmpfs ${quote(stage)}`,
    `cd ${quote(stage)}`,
    "mkdir upper work root home-upper home-work",
    `mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work ${quote(root)}`,
    `mount --rbind /dev ${inside("/dev")}`,
    `mount --rbind /sys ${inside("/sys")}`,
    `mount -t proc proc ${inside("/proc")}`,
    `hostname ${quote(spec.hostname)}`,
    `printf '127.0.0.1 localhost\\n%s %s\\n' ${quote(spec.podIp)} ${quote(spec.hostname)} > ${inside("/etc/hosts")}`,
    ...(distribution === undefined
      ? []
      : [
          `mkdir -p ${inside(distribution.mountPath)}`,
          `mount -t overlay overlay -o ${quote(`lowerdir=${distribution.home},upperdir=home-upper,workdir=home-work`)} ${inside(distribution.mountPath)}`,
        ]),
    ...mounts.flatMap((mount) => [
      mount.isFile
        ? `mkdir -p "$(dirname ${inside(mount.target)})" && touch ${inside(mount.target)}`
        : `mkdir -p ${inside(mount.target)}`,
      `mount --bind ${quote(mount.source)} ${inside(mount.target)}`,
      ...(mount.readOnly ? [`mount -o remount,ro,bind ${inside(mount.target)}`] : []),
    ]),
    ...(spec.readOnlyRoot
      ? [
          ...(distribution === undefined ? [] : [`mount -o remount,ro ${inside(distribution.mountPath)}`]),
          `mount -o remount,ro ${quote(root)}`,
        ]
      : []),
    `exec chroot ${quote(root)} ${programLine(spec, spec.command)}`,
  ].join("\n");
}

type Program = Pick<ContainerSpec, "identity" | "env" | "workingDir">;

/** A command under the container's user, environment and working directory, as words of a shell. */
export function programLine(spec: Program, command: readonly string[]): string {
  return programWords(spec, command).map(quote).join(" ");
}

/** The same as an argument vector. */
export function programWords(spec: Program, command: readonly string[]): string[] {
  const { identity } = spec;
  const variables = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
  return [
    "setpriv",
    `--reuid=${identity.user}`,
    `--regid=${identity.group}`,
    identity.groups.length === 0 ? "--clear-groups" : `--groups=${identity.groups.join(",")}`,
    ...(identity.user === 0 ? [] : ["--inh-caps=-all", "--bounding-set=-all"]),
    ...(identity.mayGainPrivileges ? [] : ["--no-new-privs"]),
    "env",
    "-i",
    "-C",
    spec.workingDir,
    ...variables,
    ...command,
  ];
}

const depthOf = (path: string): number => path.split("/").filter((part) => part !== "").length;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

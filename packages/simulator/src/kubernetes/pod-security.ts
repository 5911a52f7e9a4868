import { forbidden } from "./api-error.ts";
import type { Container, Pod, PodSpec, StatefulSet } from "./objects.ts";
import { NAMESPACES, PODS } from "./resources.ts";
import type { Store } from "./store.ts";

type Level = "privileged" | "baseline" | "restricted";

/**
 * Pod Security admission: refuses pods that break the level that their namespace enforces, and warns for the level that
 * it warns of. Rules and wording of k8s.io/pod-security-admission (1.37): baseline and restricted, without the
 * Windows, AppArmor and SELinux rules.
 */
export function enforcePodSecurity(store: Store, pod: Pod, warnings: string[] | undefined): void {
  const labels = namespaceLabels(store, pod.metadata.namespace);
  const enforced = levelOf(labels, "enforce");
  const faults = podSecurityFaults(pod.spec, enforced);
  if (faults.length > 0) {
    const version = labels["pod-security.kubernetes.io/enforce-version"] ?? "latest";
    throw forbidden(PODS, pod.metadata.name, `violates PodSecurity "${enforced}:${version}": ${faults.join(", ")}`);
  }
  warn(labels, pod.spec, warnings);
}

/** A workload is never refused, only warned of: the pods that it makes are. */
export function warnOfPodSecurity(store: Store, set: StatefulSet, warnings: string[] | undefined): void {
  warn(namespaceLabels(store, set.metadata.namespace), set.spec.template.spec, warnings);
}

function warn(labels: Record<string, string>, spec: PodSpec, warnings: string[] | undefined): void {
  if (warnings === undefined) return;
  const level = levelOf(labels, "warn");
  const faults = podSecurityFaults(spec, level);
  const version = labels["pod-security.kubernetes.io/warn-version"] ?? "latest";
  if (faults.length > 0) warnings.push(`would violate PodSecurity "${level}:${version}": ${faults.join(", ")}`);
}

function namespaceLabels(store: Store, namespace: string | undefined): Record<string, string> {
  return store.get(NAMESPACES, undefined, namespace ?? "")?.metadata.labels ?? {};
}

function levelOf(labels: Record<string, string>, mode: "enforce" | "warn"): Level {
  const level = labels[`pod-security.kubernetes.io/${mode}`];
  return level === "baseline" || level === "restricted" ? level : "privileged";
}

const BASELINE_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);
const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);
const RESTRICTED_VOLUMES = new Set([
  "name",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const containersWith = (spec: PodSpec, test: (container: Container) => boolean): Container[] =>
  [...(spec.initContainers ?? []), ...spec.containers].filter(test);

const named = (containers: readonly Container[]): string =>
  `${containers.length === 1 ? "container" : "containers"} ${containers.map((each) => JSON.stringify(each.name)).join(", ")}`;

/** One phrase for each rule that the pod breaks. */
function podSecurityFaults(spec: PodSpec, level: Level): string[] {
  if (level === "privileged") return [];
  const faults = level === "restricted" ? restrictedFaults(spec) : [];
  return [...baselineFaults(spec, level), ...faults];
}

function baselineFaults(spec: PodSpec, level: Level): string[] {
  const faults: string[] = [];
  const hosts = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true);
  if (hosts.length > 0) faults.push(`host namespaces (${hosts.map((field) => `${field}=true`).join(", ")})`);
  const ports = containersWith(spec, (each) => (each.ports ?? []).some((port) => (port.hostPort ?? 0) !== 0));
  if (ports.length > 0) {
    const numbers = [...new Set(ports.flatMap((each) => (each.ports ?? []).flatMap((port) => port.hostPort ?? [])))];
    const word = ports.length === 1 ? "uses" : "use";
    const list = `${numbers.length === 1 ? "hostPort" : "hostPorts"} ${numbers.join(", ")}`;
    faults.push(`hostPort (${named(ports)} ${word} ${list})`);
  }
  const hostPaths = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined);
  if (hostPaths.length > 0 && level === "baseline") {
    const names = hostPaths.map((volume) => JSON.stringify(volume.name)).join(", ");
    faults.push(`hostPath volumes (${hostPaths.length === 1 ? "volume" : "volumes"} ${names})`);
  }
  const privileged = containersWith(spec, (each) => each.securityContext?.privileged === true);
  if (privileged.length > 0)
    faults.push(`privileged (${named(privileged)} must not set securityContext.privileged=true)`);
  const added = containersWith(spec, (each) =>
    (each.securityContext?.capabilities?.add ?? []).some((capability) => !BASELINE_CAPABILITIES.has(capability)),
  );
  if (added.length > 0 && level === "baseline") {
    const list = [...new Set(added.flatMap((each) => each.securityContext?.capabilities?.add ?? []))]
      .filter((capability) => !BASELINE_CAPABILITIES.has(capability))
      .map((capability) => JSON.stringify(capability))
      .join(", ");
    faults.push(
      `non-default capabilities (${named(added)} must not include ${list} in securityContext.capabilities.add)`,
    );
  }
  const procMount = containersWith(spec, (each) => (each.securityContext?.procMount ?? "Default") !== "Default");
  if (procMount.length > 0) faults.push(`procMount (${named(procMount)} must not set securityContext.procMount)`);
  const sysctls = (spec.securityContext?.sysctls ?? []).filter((each) => !SAFE_SYSCTLS.has(each.name));
  if (sysctls.length > 0) faults.push(`forbidden sysctls (${sysctls.map((each) => each.name).join(", ")})`);
  return faults;
}

function restrictedFaults(spec: PodSpec): string[] {
  const faults: string[] = [];
  const escalating = containersWith(spec, (each) => each.securityContext?.allowPrivilegeEscalation !== false);
  if (escalating.length > 0) {
    faults.push(
      `allowPrivilegeEscalation != false (${named(escalating)} must set securityContext.allowPrivilegeEscalation=false)`,
    );
  }
  const capable = containersWith(spec, (each) => !(each.securityContext?.capabilities?.drop ?? []).includes("ALL"));
  const adding = containersWith(spec, (each) =>
    (each.securityContext?.capabilities?.add ?? []).some((capability) => capability !== "NET_BIND_SERVICE"),
  );
  if (capable.length + adding.length > 0) {
    const parts: string[] = [];
    if (capable.length > 0) parts.push(`${named(capable)} must set securityContext.capabilities.drop=["ALL"]`);
    if (adding.length > 0) {
      const list = [...new Set(adding.flatMap((each) => each.securityContext?.capabilities?.add ?? []))]
        .filter((capability) => capability !== "NET_BIND_SERVICE")
        .map((capability) => JSON.stringify(capability))
        .join(", ");
      parts.push(`${named(adding)} must not include ${list} in securityContext.capabilities.add`);
    }
    faults.push(`unrestricted capabilities (${parts.join("; ")})`);
  }
  const volumes = (spec.volumes ?? []).flatMap((volume) =>
    Object.keys(volume)
      .filter((source) => !RESTRICTED_VOLUMES.has(source))
      .map((source) => ({ name: volume.name, source })),
  );
  if (volumes.length > 0) {
    const names = volumes.map((each) => JSON.stringify(each.name)).join(", ");
    const sources = [...new Set(volumes.map((each) => JSON.stringify(each.source)))].join(", ");
    faults.push(
      `restricted volume types (${volumes.length === 1 ? "volume" : "volumes"} ${names} ${volumes.length === 1 ? "uses" : "use"} restricted volume type ${sources})`,
    );
  }
  const podNonRoot = spec.securityContext?.runAsNonRoot === true;
  const rooted = containersWith(spec, (each) => !(each.securityContext?.runAsNonRoot ?? podNonRoot));
  if (rooted.length > 0) {
    faults.push(`runAsNonRoot != true (pod or ${named(rooted)} must set securityContext.runAsNonRoot=true)`);
  }
  const users = containersWith(spec, (each) => each.securityContext?.runAsUser === 0);
  const podUser = spec.securityContext?.runAsUser === 0;
  if (podUser || users.length > 0) {
    const who = [...(podUser ? ["pod"] : []), ...(users.length > 0 ? [named(users)] : [])].join(" and ");
    faults.push(`runAsUser=0 (${who} must not set runAsUser=0)`);
  }
  const podSeccomp = isConfined(spec.securityContext?.seccompProfile?.type);
  const unconfined = containersWith(spec, (each) => {
    const own = each.securityContext?.seccompProfile?.type;
    return own === undefined ? !podSeccomp : !isConfined(own);
  });
  if (unconfined.length > 0) {
    faults.push(
      `seccompProfile (pod or ${named(unconfined)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
    );
  }
  return faults;
}

const isConfined = (type: string | undefined): boolean => type === "RuntimeDefault" || type === "Localhost";

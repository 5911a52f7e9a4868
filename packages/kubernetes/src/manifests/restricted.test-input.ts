/**
 * The `restricted` Pod Security profile as of Kubernetes 1.37 (pod-security-admission/policy), restated for a pod spec:
 * every broken rule, by name. The API server itself judges the same manifests in the real tier.
 */
export function restrictedViolations(spec: Fields): string[] {
  const found: string[] = [];
  const rule = (name: string, holds: boolean): void => {
    if (!holds) found.push(name);
  };
  const podContext = fields(spec.securityContext);
  const containers = [...list(spec.initContainers), ...list(spec.containers), ...list(spec.ephemeralContainers)];

  rule("hostNamespaces", !["hostNetwork", "hostPID", "hostIPC"].some((field) => spec[field] === true));
  for (const volume of list(spec.volumes)) {
    const types = Object.keys(volume).filter((key) => key !== "name");
    rule(`volume type ${types.join()}`, types.length === 1 && ALLOWED_VOLUMES.has(types[0] ?? ""));
  }
  rule("sysctls", podContext.sysctls === undefined);
  rule("seLinuxOptions", podContext.seLinuxOptions === undefined);
  rule("windows hostProcess", fields(podContext.windowsOptions).hostProcess !== true);
  rule("appArmor", APP_ARMOR.has(fields(podContext.appArmorProfile).type));

  for (const container of containers) {
    const context = fields(container.securityContext);
    const capabilities = fields(context.capabilities);
    const name = String(container.name);
    rule(`${name}: privileged`, context.privileged !== true);
    rule(`${name}: allowPrivilegeEscalation`, context.allowPrivilegeEscalation === false);
    rule(`${name}: runAsNonRoot`, (context.runAsNonRoot ?? podContext.runAsNonRoot) === true);
    rule(`${name}: runAsUser`, (context.runAsUser ?? podContext.runAsUser) !== 0);
    rule(`${name}: capabilities.drop`, Array.isArray(capabilities.drop) && capabilities.drop.includes("ALL"));
    const added = Array.isArray(capabilities.add) ? capabilities.add : [];
    rule(
      `${name}: capabilities.add`,
      added.every((capability) => capability === "NET_BIND_SERVICE"),
    );
    const seccomp = fields(context.seccompProfile ?? podContext.seccompProfile).type;
    rule(`${name}: seccompProfile`, seccomp === "RuntimeDefault" || seccomp === "Localhost");
    rule(`${name}: procMount`, context.procMount === undefined || context.procMount === "Default");
    rule(
      `${name}: hostPort`,
      list(container.ports).every((port) => port.hostPort === undefined || port.hostPort === 0),
    );
    const handlers = ["livenessProbe", "readinessProbe", "startupProbe"].map((probe) => fields(container[probe]));
    const lifecycle = fields(container.lifecycle);
    for (const handler of [...handlers, fields(lifecycle.preStop), fields(lifecycle.postStart)]) {
      const hosts = [fields(handler.httpGet).host, fields(handler.tcpSocket).host];
      rule(
        `${name}: probe host`,
        hosts.every((host) => host === undefined || host === ""),
      );
    }
  }
  return found;
}

const APP_ARMOR = new Set<unknown>([undefined, "RuntimeDefault", "Localhost"]);
const ALLOWED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

export function list(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

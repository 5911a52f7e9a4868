import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-client.ts";
import { fieldOf, type PodAddresses, resourceOf } from "./fields.ts";
import type { Container, EnvVar, FilesObject, KeyRef, Pod } from "./objects.ts";

type Files = "configmaps" | "secrets";

/**
 * The environment of a container, with every reference resolved.
 *
 * Refuses, as a kubelet does with CreateContainerConfigError, when a ConfigMap, a Secret or a key is missing and not
 * optional.
 */
export async function environmentOf(
  api: ApiClient,
  pod: Pod,
  container: Container,
  addresses: PodAddresses,
): Promise<Record<string, string>> {
  const namespace = pod.metadata.namespace ?? "";
  const read = async (kind: Files, name: string, isOptional = false): Promise<Record<string, string>> => {
    try {
      return textsOf(kind, await api.get<FilesObject>(`/api/v1/namespaces/${namespace}/${kind}/${name}`));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      if (isOptional) return {};
      throw new Error(`${kind === "secrets" ? "secret" : "configmap"} "${name}" not found`);
    }
  };
  const keyOf = async (kind: Files, ref: KeyRef): Promise<string | undefined> => {
    const value = (await read(kind, ref.name, ref.optional))[ref.key];
    if (value === undefined && ref.optional !== true) throw new Error(`${ref.name} has no key "${ref.key}"`);
    return value;
  };

  const env: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const { prefix = "", configMapRef, secretRef } = source;
    const values = {
      ...(configMapRef && (await read("configmaps", configMapRef.name, configMapRef.optional))),
      ...(secretRef && (await read("secrets", secretRef.name, secretRef.optional))),
    };
    for (const [name, value] of Object.entries(values)) env[prefix + name] = value;
  }
  for (const variable of container.env ?? []) {
    const value = await resolve(variable);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;

  async function resolve({ value, valueFrom }: EnvVar): Promise<string | undefined> {
    if (valueFrom?.fieldRef) return fieldOf(pod, valueFrom.fieldRef, addresses);
    if (valueFrom?.resourceFieldRef) return resourceOf(pod, valueFrom.resourceFieldRef, container.name);
    if (valueFrom?.configMapKeyRef) return keyOf("configmaps", valueFrom.configMapKeyRef);
    if (valueFrom?.secretKeyRef) return keyOf("secrets", valueFrom.secretKeyRef);
    return expand(value ?? "", env);
  }
}

/** Replaces $(NAME) by what is known; $$ stands for one $; what is not known stays as it is written. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return "$";
    return env[name] ?? match;
  });
}

function textsOf(kind: Files, object: FilesObject): Record<string, string> {
  const entries = Object.entries(object.data ?? {});
  if (kind === "configmaps") return Object.fromEntries(entries);
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../engines/run-tool.ts";
import type { ApiClient } from "./api-client.ts";
import { claimFolder } from "./claim-folder.ts";
import { fieldOf, type PodAddresses, resourceOf } from "./fields.ts";
import type { FilesCache, FilesKind, WatchedFiles } from "./files-cache.ts";
import type { FileSource, FilesObject, KeyToPath, Pod, Volume } from "./objects.ts";
import { type VolumeFile, writeVolumeFiles } from "./write-files.ts";

/** The volumes of one pod as folders of this machine. */
export interface PodVolumes {
  /** Makes all of them. Throws, saying what is missing, until all can be made; then it may be called again. */
  prepare(): Promise<void>;
  /** Where a volume lies, once it is prepared; a folder below it that is asked for is made. */
  folderOf(volumeName: string, subPath: string): string;
  /** Takes the pod's new labels and annotations to files that show them. */
  refresh(pod: Pod): void;
  close(): void;
}

export interface VolumesContext {
  readonly api: ApiClient;
  readonly files: FilesCache;
  readonly addresses: PodAddresses;
  /** Of this pod, removed after it: everything but claims. */
  readonly folder: string;
  onTrouble(message: string): void;
}

const DEFAULT_MODE = 0o644;

/**
 * ConfigMap, Secret, projected and downward API volumes are written anew within moments of a change; an emptyDir lives as
 * long as the pod; a claim is its volume's folder.
 */
export function podVolumes(first: Pod, context: VolumesContext): PodVolumes {
  let pod = first;
  const namespace = first.metadata.namespace ?? "";
  const group = first.spec.securityContext?.fsGroup;
  const folders = new Map<string, string>();
  const watched = new Map<string, WatchedFiles>();
  const written = new Map<string, string>();
  const tokens = new Map<string, string>();

  const find = (kind: FilesKind, name: string): FilesObject | null | undefined => {
    const key = `${kind}/${name}`;
    const files = watched.get(key) ?? context.files.use(kind, namespace, name, rewrite);
    watched.set(key, files);
    return files.current();
  };

  /** The files that a source gives. Throws while an object that is not optional is missing. */
  const filesOf = (volume: Volume): Map<string, VolumeFile> => {
    const mode = (volume.projected ?? volume.configMap ?? volume.secret ?? volume.downwardAPI)?.defaultMode;
    const sources = volume.projected?.sources ?? [volume];
    const all = new Map<string, VolumeFile>();
    for (const source of sources) {
      for (const [path, file] of filesOfSource(source, mode ?? DEFAULT_MODE)) all.set(path, file);
    }
    return all;
  };

  function filesOfSource(source: FileSource, mode: number): Map<string, VolumeFile> {
    if (source.configMap) {
      const { name = "", items, optional } = source.configMap;
      return pick(contentsOf("configmaps", name, optional === true), items, mode, name);
    }
    if (source.secret) {
      const { items, optional } = source.secret;
      const name = source.secret.secretName ?? source.secret.name ?? "";
      return pick(contentsOf("secrets", name, optional === true), items, mode, name);
    }
    if (source.serviceAccountToken) {
      const { path } = source.serviceAccountToken;
      return new Map([[path, { content: Buffer.from(tokens.get(path) ?? ""), mode: 0o600 }]]);
    }
    const files = new Map<string, VolumeFile>();
    for (const { path, fieldRef, resourceFieldRef } of source.downwardAPI?.items ?? []) {
      const text = fieldRef
        ? fieldOf(pod, fieldRef, context.addresses)
        : resourceFieldRef && resourceOf(pod, resourceFieldRef, resourceFieldRef.containerName ?? "");
      files.set(path, { content: Buffer.from(text ?? ""), mode });
    }
    return files;
  }

  function contentsOf(kind: FilesKind, name: string, isOptional: boolean): Map<string, Uint8Array> {
    const object = find(kind, name);
    if (!object && !isOptional) {
      throw new Error(`MountVolume.SetUp failed: ${kind === "secrets" ? "secret" : "configmap"} "${name}" not found`);
    }
    const encoding = kind === "secrets" ? "base64" : "utf8";
    const contents = new Map<string, Uint8Array>();
    for (const [key, text] of Object.entries(object?.data ?? {})) contents.set(key, Buffer.from(text, encoding));
    for (const [key, text] of Object.entries(object?.binaryData ?? {})) contents.set(key, Buffer.from(text, "base64"));
    return contents;
  }

  /** Leaves the folder alone when nothing differs: a needless swap would look like a change to engines. */
  function writeFiles(volume: Volume): void {
    const files = filesOf(volume);
    const signature = [...files]
      .map(([path, file]) => `${path} ${file.mode} ${Buffer.from(file.content).toString("base64")}`)
      .sort()
      .join("\n");
    if (written.get(volume.name) === signature) return;
    writeVolumeFiles(volumeFolder(volume), files, group);
    written.set(volume.name, signature);
  }

  function rewrite(): void {
    for (const volume of first.spec.volumes ?? []) {
      if (!written.has(volume.name)) continue; // Not prepared yet.
      try {
        writeFiles(volume);
      } catch (error) {
        // Deleted under a running pod: the files stay as they were, as with a kubelet.
        context.onTrouble(error instanceof Error ? error.message : String(error));
      }
    }
  }

  const volumeFolder = (volume: Volume): string => join(context.folder, "volumes", volume.name);

  async function prepareOne(volume: Volume): Promise<string> {
    if (volume.persistentVolumeClaim) {
      const folder = await claimFolder(context.api, namespace, volume.persistentVolumeClaim.claimName);
      await giveToGroup(folder, group, first.spec.securityContext?.fsGroupChangePolicy === "OnRootMismatch");
      return folder;
    }
    if (volume.hostPath) return volume.hostPath.path;
    const folder = volumeFolder(volume);
    if (volume.emptyDir) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, 0, group ?? 0);
      chmodSync(folder, group === undefined ? 0o777 : 0o2777);
      return folder;
    }
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken) await requestToken(source.serviceAccountToken);
    }
    writeFiles(volume);
    return folder;
  }

  async function requestToken(source: NonNullable<FileSource["serviceAccountToken"]>): Promise<void> {
    if (tokens.has(source.path)) return;
    const account = first.spec.serviceAccountName ?? "default";
    const answer = await context.api.create<{ status: { token: string } } & FilesObject>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: source.audience === undefined ? [] : [source.audience],
          expirationSeconds: source.expirationSeconds ?? 3600,
          boundObjectRef: { kind: "Pod", apiVersion: "v1", name: first.metadata.name, uid: first.metadata.uid },
        },
      },
    );
    tokens.set(source.path, answer.status.token);
  }

  return {
    prepare: async () => {
      for (const volume of first.spec.volumes ?? []) {
        if (!folders.has(volume.name)) folders.set(volume.name, await prepareOne(volume));
      }
    },
    folderOf: (name, subPath) => {
      const folder = folders.get(name);
      if (folder === undefined) throw new Error(`the pod has no volume ${name}`);
      const wanted = join(folder, subPath);
      if (!existsSync(wanted)) {
        mkdirSync(wanted, { recursive: true });
        chownSync(wanted, 0, group ?? 0);
        chmodSync(wanted, 0o2775);
      }
      return folder;
    },
    refresh: (changed) => {
      pod = changed;
      rewrite();
    },
    close: () => {
      for (const files of watched.values()) files.release();
      watched.clear();
      written.clear();
    },
  };
}

function pick(
  contents: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  name: string,
): Map<string, VolumeFile> {
  if (items === undefined) return new Map([...contents].map(([key, content]) => [key, { content, mode }]));
  const files = new Map<string, VolumeFile>();
  for (const item of items) {
    const content = contents.get(item.key);
    if (content === undefined) throw new Error(`MountVolume.SetUp failed: "${name}" has no key "${item.key}"`);
    files.set(item.path, { content, mode: item.mode ?? mode });
  }
  return files;
}

/** The pod's fsGroup owns the volume: it may write everywhere, and new files belong to it too. */
async function giveToGroup(folder: string, group: number | undefined, onRootMismatchOnly: boolean): Promise<void> {
  if (group === undefined) return;
  const root = statSync(folder);
  const isRight = root.gid === group && (root.mode & 0o2770) === 0o2770;
  if (isRight && onRootMismatchOnly) return;
  await runTool("chgrp", ["-R", String(group), folder], "a volume with fsGroup");
  await runTool("chmod", ["-R", "g+rwX", folder], "a volume with fsGroup");
  chmodSync(folder, 0o2775);
}

import { statSync } from "node:fs";
import { join } from "node:path";
import { type RunningContainer, startContainer } from "./container.ts";
import type { Mount } from "./container-script.ts";
import { engineLaunch } from "./engine-launch.ts";
import { environmentOf, expand } from "./environment.ts";
import { identityOf } from "./identity.ts";
import type { Image } from "./image.ts";
import type { Container } from "./objects.ts";
import type { PodContext } from "./pod-context.ts";

export interface LaunchedContainer {
  readonly running: RunningContainer;
  /** Port that the pod names -> port that the process was given. */
  readonly ports: ReadonlyMap<number, number>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Resolves all that a container refers to and starts it. Throws, saying what is missing, when it cannot be started. */
export async function launchContainer(
  context: PodContext,
  container: Container,
  image: Image,
  places: { readonly stage: string; readonly logFile: string },
): Promise<LaunchedContainer> {
  const pod = context.pod();
  const identity = identityOf(pod, container, image.user);
  const env = await environmentOf(context.node.api, pod, container, context.addresses);
  const mounts = mountsOf(context, container, env);
  const configFolder = mounts.find((mount) => mount.target === `${image.mountPath}/config`)?.source;
  const launch = await engineLaunch(image, container, env, configFolder);
  const words = [...(container.command ?? image.command), ...(container.args ?? [])];
  const hostname = pod.spec.hostname ?? pod.metadata.name;
  const { readOnlyRootFilesystem = false } = container.securityContext ?? {};

  const running = await startContainer(
    {
      hostname: hostname.slice(0, 63),
      podIp: context.addresses.podIp,
      stage: places.stage,
      distribution:
        image.engine && image.mountPath ? { home: image.engine.home, mountPath: image.mountPath } : undefined,
      mounts,
      readOnlyRoot: readOnlyRootFilesystem,
      identity,
      env: { PATH, HOME: image.workingDir, HOSTNAME: hostname, ...env, ...launch.env },
      workingDir: container.workingDir ?? image.workingDir,
      command: [...words.map((word) => expand(word, env)), ...launch.args],
    },
    places.logFile,
  );
  return { running, ports: launch.ports };
}

function mountsOf(context: PodContext, container: Container, env: Readonly<Record<string, string>>): Mount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const subPath = mount.subPath ?? (mount.subPathExpr === undefined ? "" : expand(mount.subPathExpr, env));
    const source = join(context.volumes.folderOf(mount.name, subPath), subPath);
    return {
      source,
      target: mount.mountPath.replace(/\/+$/, "") || "/",
      readOnly: mount.readOnly ?? false,
      isFile: statSync(source).isFile(),
    };
  });
}

import type { DataFolder } from "../data-folder.ts";
import type { Guardian } from "../guardian.ts";
import type { KubeToRegister } from "../seed/kube.ts";

/** What Berth acts on: Kubernetes, EC2 and the engines. */
export interface World {
  readonly kube: KubeToRegister;
  readonly ec2: {
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly folder: DataFolder;
  readonly guardian: Guardian;
  readonly tell: (text: string) => void;
}

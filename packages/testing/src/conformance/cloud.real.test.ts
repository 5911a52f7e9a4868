import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { createEc2Cloud, createTokenBucket } from "@berth/ec2";
import { startMoto } from "../moto/start-moto.ts";
import { CLOUD_CASES } from "./cloud.ts";
import { runConformance } from "./run-suite.ts";

const CREDENTIALS = { accessKeyId: "testing", secretAccessKey: "testing" };

/** A second opinion on the wire format: moto was written by others, from AWS's own definitions. It is no EC2. */
const MOTO_FAULTS = {
  "the same token with the same request launches nothing new": "moto ignores ClientToken",
  "the same token with another machine type is refused as token_reused": "moto ignores ClientToken",
  "the token of a terminated machine is refused as token_reused": "moto ignores ClientToken",
  "a machine is found by its client token": "moto answers 500 to the client-token filter",
} as const;

runConformance(
  "moto",
  CLOUD_CASES,
  async () => {
    const moto = await startMoto({ validateImages: true });
    const client = new EC2Client({ region: "us-east-1", endpoint: moto.url, credentials: CREDENTIALS });
    const cloud = createEc2Cloud({
      region: "us-east-1",
      endpoint: moto.url,
      credentials: CREDENTIALS,
      launchBucket: createTokenBucket({ perSecond: 1000, burst: 1000 }),
    });
    return {
      port: cloud,
      env: {
        machineType: "m5.xlarge",
        otherMachineType: "m5.2xlarge",
        imageId: "ami-12c6146b",
        zone: "us-east-1a",
        attempts: 3,
        patienceMs: 10_000,
        bulk: 220,
        launchedWith: (instanceId) => launchedWith(client, instanceId),
      },
      close: async () => {
        cloud.close();
        client.destroy();
        await moto.stop();
      },
    };
  },
  MOTO_FAULTS,
);

async function launchedWith(client: EC2Client, instanceId: string) {
  const InstanceId = instanceId;
  const attribute = await client.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }));
  const described = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const instance = described.Reservations?.[0]?.Instances?.[0];
  const root = instance?.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === instance.RootDeviceName);
  const volumes = await client.send(new DescribeVolumesCommand({ VolumeIds: [root?.Ebs?.VolumeId ?? ""] }));
  const [volume] = volumes.Volumes ?? [];
  return {
    userData: Buffer.from(attribute.UserData?.Value ?? "", "base64").toString("utf8"),
    httpTokens: instance?.MetadataOptions?.HttpTokens ?? "",
    hopLimit: instance?.MetadataOptions?.HttpPutResponseHopLimit ?? 0,
    rootEncrypted: volume?.Encrypted === true,
    rootVolumeGib: volume?.Size ?? 0,
  };
}

import {
  CreateTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeRegionsCommand,
  DescribeReservedInstancesCommand,
  DescribeReservedInstancesOfferingsCommand,
  EC2Client,
  PurchaseReservedInstancesOfferingCommand,
  paginateDescribeInstanceTypes,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { virtualClock } from "../../clock.ts";
import { createEc2Model } from "../model.ts";
import { type Ec2Server, SIMULATED_ACCESS_KEY, startEc2Server } from "./server.ts";

const clock = virtualClock();
const model = createEc2Model({
  clock,
  seed: 1,
  region: "us-east-1",
  zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
});
let server: Ec2Server;
let ec2: EC2Client;

const clientWith = (credentials: { accessKeyId: string; secretAccessKey: string }, maxAttempts = 1) =>
  new EC2Client({ endpoint: server.url, region: "us-east-1", credentials, maxAttempts });

beforeAll(async () => {
  server = await startEc2Server({ model, now: clock.now });
  ec2 = clientWith(SIMULATED_ACCESS_KEY);
});
afterAll(() => server.close());

const launch = (changes: Partial<RunInstancesCommandInput> = {}) =>
  new RunInstancesCommand({
    ImageId: "ami-0123456789abcdef0",
    InstanceType: "m6i.xlarge",
    MinCount: 1,
    MaxCount: 1,
    SubnetId: model.subnets[0]?.id,
    UserData: Buffer.from("#!/bin/bash\necho <joined> & done\n").toString("base64"),
    TagSpecifications: [
      { ResourceType: "volume", Tags: [{ Key: "volume", Value: "yes" }] },
      {
        ResourceType: "instance",
        Tags: [
          { Key: "berth.dev/machine", Value: "mc_1" },
          { Key: "odd & <ends>", Value: 'quo"ted' },
        ],
      },
    ],
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
    BlockDeviceMappings: [
      {
        DeviceName: "/dev/xvda",
        Ebs: { VolumeSize: 40, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true },
      },
    ],
    ...changes,
  });

test("a launch comes back as the SDK expects it: state, tags, placement, devices, metadata options", async () => {
  const answer = await ec2.send(launch({ ClientToken: "launch-1" }));
  expect(answer.Instances?.[0]).toMatchObject({
    InstanceId: expect.stringMatching(/^i-[0-9a-f]{17}$/),
    State: { Code: 0, Name: "pending" },
    ImageId: "ami-0123456789abcdef0",
    InstanceType: "m6i.xlarge",
    LaunchTime: new Date(clock.now()),
    Placement: { AvailabilityZone: "us-east-1a" },
    SubnetId: model.subnets[0]?.id,
    PrivateIpAddress: expect.stringMatching(/^10\./),
    ClientToken: "launch-1",
    Architecture: "x86_64",
    Tags: [
      { Key: "berth.dev/machine", Value: "mc_1" },
      { Key: "odd & <ends>", Value: 'quo"ted' },
    ],
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
    BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: true } }],
  });
  const [stored] = Object.values(model.snapshot().instances);
  expect(Buffer.from(stored?.request.userData ?? "", "base64").toString()).toContain("echo <joined> & done");
  expect(stored?.request.blockDevices[0]).toMatchObject({ volumeSizeGib: 40, volumeType: "gp3", encrypted: true });
});

test("a launch answer that is lost is repeated by the SDK with the same token: one machine", async () => {
  model.faults.loseAnswers("RunInstances");
  const before = Object.keys(model.snapshot().instances).length;
  const answer = await clientWith(SIMULATED_ACCESS_KEY, 3).send(launch());
  expect(answer.Instances).toHaveLength(1);
  expect(Object.keys(model.snapshot().instances)).toHaveLength(before + 1);
});

test.each([
  ["IdempotentParameterMismatch", () => launch({ ClientToken: "launch-1", EbsOptimized: true }), 400],
  ["InvalidParameterValue", () => launch({ InstanceType: "m99.huge" as never }), 400],
  ["DryRunOperation", () => launch({ DryRun: true }), 412],
] as const)("%s reaches the caller by its name", async (name, command, status) => {
  await expect(ec2.send(command())).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
});

test("capacity that runs out is InsufficientInstanceCapacity", async () => {
  model.faults.setCapacity("r6i.xlarge", "us-east-1a", 0);
  const run = ec2.send(launch({ InstanceType: "r6i.xlarge" }));
  await expect(run).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
});

test("a wrong key and a wrong secret are AuthFailure, a denied action UnauthorizedOperation", async () => {
  const describe = (client: EC2Client) => client.send(new DescribeInstancesCommand({}));
  const stranger = clientWith({ accessKeyId: "AKIANOBODY", secretAccessKey: "x" });
  await expect(describe(stranger)).rejects.toMatchObject({ name: "AuthFailure", $metadata: { httpStatusCode: 401 } });
  const forger = clientWith({ ...SIMULATED_ACCESS_KEY, secretAccessKey: "wrong" });
  await expect(describe(forger)).rejects.toMatchObject({ name: "AuthFailure" });
  model.faults.setDenied("DescribeInstances", true);
  const denied = { name: "UnauthorizedOperation", $metadata: { httpStatusCode: 403 } };
  await expect(describe(ec2)).rejects.toMatchObject(denied);
  model.faults.setDenied("DescribeInstances", false);
});

test("describes by filter, in pages, by id, and shows the end of a machine", async () => {
  const launched = await ec2.send(
    launch({
      MinCount: 7,
      MaxCount: 7,
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "batch", Value: "7" }] }],
    }),
  );
  clock.advance(120_000);
  const filters = {
    Filters: [
      { Name: "tag:batch", Values: ["7"] },
      { Name: "instance-state-name", Values: ["running"] },
    ],
  };
  const first = await ec2.send(new DescribeInstancesCommand({ ...filters, MaxResults: 5 }));
  const second = await ec2.send(
    new DescribeInstancesCommand({ ...filters, MaxResults: 5, NextToken: first.NextToken }),
  );
  const ids = [first, second].flatMap(({ Reservations }) =>
    (Reservations ?? []).flatMap(({ Instances }) => (Instances ?? []).map(({ InstanceId }) => InstanceId ?? "")),
  );
  expect(ids).toEqual(launched.Instances?.map(({ InstanceId }) => InstanceId));
  expect(second.NextToken).toBeUndefined();

  const ended = await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids.slice(0, 1) }));
  expect(ended.TerminatingInstances).toMatchObject([
    { InstanceId: ids[0], CurrentState: { Name: "shutting-down" }, PreviousState: { Name: "running" } },
  ]);
  clock.advance(120_000);
  const after = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids.slice(0, 1) }));
  expect(after.Reservations?.[0]?.Instances?.[0]).toMatchObject({ State: { Code: 48, Name: "terminated" } });
  const status = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: ids, IncludeAllInstances: true }));
  expect(status.InstanceStatuses?.map(({ InstanceState }) => InstanceState?.Name)).toContain("terminated");
  const unknown = ec2.send(new TerminateInstancesCommand({ InstanceIds: ["i-0123456789abcdef0"] }));
  await expect(unknown).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
});

test("tags can be added later", async () => {
  const launched = await ec2.send(launch());
  clock.advance(60_000);
  const id = launched.Instances?.[0]?.InstanceId ?? "";
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "late", Value: "1" }] }));
  const found = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: "tag-key", Values: ["late"] }] }));
  expect(found.Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe(id);
});

test("machine types carry memory, processors and volume limits from the data", async () => {
  const answer = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ["m6i.xlarge", "m7i.2xlarge"] }));
  expect(answer.InstanceTypes).toMatchObject([
    {
      InstanceType: "m6i.xlarge",
      VCpuInfo: { DefaultVCpus: 4 },
      MemoryInfo: { SizeInMiB: 16_384 },
      EbsInfo: { MaximumEbsAttachments: 27, AttachmentLimitType: "shared" },
      ProcessorInfo: { SupportedArchitectures: ["x86_64"] },
      NetworkInfo: { MaximumNetworkInterfaces: 4, Ipv4AddressesPerInterface: 15 },
    },
    { InstanceType: "m7i.2xlarge", EbsInfo: { MaximumEbsAttachments: 32, AttachmentLimitType: "dedicated" } },
  ]);
  const names: string[] = [];
  for await (const page of paginateDescribeInstanceTypes({ client: ec2, pageSize: 100 }, {})) {
    names.push(...(page.InstanceTypes ?? []).map(({ InstanceType }) => InstanceType ?? ""));
  }
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(model.machineTypes().length);
  const unknown = ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ["x0.none" as never] }));
  await expect(unknown).rejects.toMatchObject({ name: "InvalidInstanceType" });
});

test("offerings by zone leave out what is not sold there", async () => {
  model.faults.setOffered("m6i.xlarge", "us-east-1c", false);
  const answer = await ec2.send(
    new DescribeInstanceTypeOfferingsCommand({
      LocationType: "availability-zone",
      Filters: [{ Name: "instance-type", Values: ["m6i.xlarge"] }],
    }),
  );
  expect(answer.InstanceTypeOfferings?.map(({ Location }) => Location)).toEqual(["us-east-1a", "us-east-1b"]);
  const run = ec2.send(launch({ SubnetId: model.subnets[2]?.id }));
  await expect(run).rejects.toMatchObject({ name: "Unsupported" });
});

test("zones and regions", async () => {
  const zones = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  expect(zones.AvailabilityZones?.map(({ ZoneName, State }) => `${ZoneName} ${State}`)).toEqual([
    "us-east-1a available",
    "us-east-1b available",
    "us-east-1c available",
  ]);
  const regions = await ec2.send(new DescribeRegionsCommand({}));
  expect(regions.Regions?.[0]).toMatchObject({ RegionName: "us-east-1" });
});

test("reserved instances: offerings, purchase, what is held", async () => {
  const offered = await ec2.send(
    new DescribeReservedInstancesOfferingsCommand({ InstanceType: "m6i.xlarge", OfferingType: "Partial Upfront" }),
  );
  expect(offered.ReservedInstancesOfferings?.map(({ Duration }) => Duration)).toEqual([31_536_000, 94_608_000]);
  const offering = offered.ReservedInstancesOfferings?.[0];
  const bought = await ec2.send(
    new PurchaseReservedInstancesOfferingCommand({
      ReservedInstancesOfferingId: offering?.ReservedInstancesOfferingId,
      InstanceCount: 3,
    }),
  );
  const held = await ec2.send(new DescribeReservedInstancesCommand({}));
  expect(held.ReservedInstances).toMatchObject([
    {
      ReservedInstancesId: bought.ReservedInstancesId,
      InstanceCount: 3,
      State: "active",
      FixedPrice: offering?.FixedPrice,
      Start: new Date(clock.now()),
    },
  ]);
});

test("throttling answers RequestLimitExceeded with 503, which the SDK retries", async () => {
  model.faults.setThrottling(true);
  const calls = Array.from({ length: 8 }, () => ec2.send(launch()));
  const results = await Promise.allSettled(calls);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(3);
  expect(refused[0]?.reason).toMatchObject({ name: "RequestLimitExceeded", $metadata: { httpStatusCode: 503 } });
  model.faults.setThrottling(false);
});

test("every answer says that it is simulated, a refusal of an unsigned call too", async () => {
  const bare = await fetch(server.url, { method: "POST", body: "Action=Nope" });
  expect(bare.headers.get("x-berth-simulated")).toBe("true");
  expect(await bare.text()).toContain("<Code>MissingAuthenticationToken</Code>");
});

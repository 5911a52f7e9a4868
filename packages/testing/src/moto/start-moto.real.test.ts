import { afterAll, beforeAll, expect, it } from "vitest";
import { type Moto, startMoto } from "./start-moto.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto?.stop());

/** EC2's Query protocol by hand: moto reads the region and service from the credential, and checks no signature. */
async function ec2(action: string, parameters: Record<string, string> = {}): Promise<{ status: number; xml: string }> {
  const credential = "AKIDEXAMPLE/20260101/eu-central-1/ec2/aws4_request";
  const answer = await fetch(moto.url, {
    method: "POST",
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Action: action, Version: "2016-11-15", ...parameters }),
  });
  return { status: answer.status, xml: await answer.text() };
}

const launch = (type: string) =>
  ec2("RunInstances", { ImageId: "ami-12c6146b", InstanceType: type, MinCount: "1", MaxCount: "1" });

it("launches, describes, refuses a type that does not exist, and forgets when it is reset", async () => {
  const { status, xml } = await launch("m6a.4xlarge");
  expect(status, xml).toBe(200);
  const [, id] = /<instanceId>(i-[0-9a-f]+)</.exec(xml) ?? [];
  expect((await ec2("DescribeInstances")).xml).toContain(`<instanceId>${id}</instanceId>`);
  expect((await launch("m99.nano")).xml).toContain("The instance type 'm99.nano' does not exist");
  await moto.reset();
  expect((await ec2("DescribeInstances")).xml).not.toContain("<instanceId>");
});

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JoinData, parseUserData, userDataOf } from "./user-data.ts";

const join: JoinData = {
  apiServerEndpoint: "https://10.0.0.1:6443",
  caCertData: Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64"),
  token: "abcdef.0123456789abcdef",
  nodeName: "mac-01h4000000e008000000000001",
  labels: { "topology.kubernetes.io/zone": "us-east-1a", "berth.dev/pool": "pool_1" },
  taints: [],
  maxPods: 24,
};

const bash = (script: string, ...options: string[]): string =>
  execFileSync("bash", options, { input: script, encoding: "utf8" });

describe("user data", () => {
  it("gives back what was put in, whatever it holds", () => {
    const text = fc.string({ minLength: 1, maxLength: 200, unit: "binary" });
    const data = fc.record({
      apiServerEndpoint: text,
      caCertData: fc.base64String({ minLength: 4, maxLength: 4000 }),
      token: text,
      nodeName: text,
      labels: fc.dictionary(fc.stringMatching(/^[a-z][a-z./-]{0,30}$/), text, { maxKeys: 5 }),
      taints: fc.array(fc.record({ key: text, value: text, effect: text }), { maxLength: 3 }),
      maxPods: fc.integer({ min: 1, max: 250 }),
    });
    fc.assert(
      fc.property(data, (given) => {
        expect(parseUserData(userDataOf(given))).toEqual({ ok: true, value: given });
      }),
    );
  });

  it("is the same text for the same machine, whatever the order of its labels", () => {
    const turned = { ...join, labels: Object.fromEntries(Object.entries(join.labels).reverse()) };
    expect(userDataOf(turned)).toBe(userDataOf(join));
  });

  it("is a script that bash can read, and that leaves the join data to no shell", () => {
    const nasty = { ...join, nodeName: "$(touch /tmp/x) `id` ' \" \\ BERTH_JOIN" };
    const script = userDataOf(nasty);
    bash(script, "-n");
    const [heredoc] = /cat > \/etc\/berth\/join.txt[\s\S]*?\nBERTH_JOIN\n/.exec(script) ?? [""];
    const written = bash(heredoc.replace("> /etc/berth/join.txt", ""));
    expect(parseUserData(written)).toEqual({ ok: true, value: nasty });
  });

  it("sets what engines need of a host", () => {
    const script = userDataOf(join);
    for (const line of ["vm.max_map_count = 1048576", "swapoff -a", "LimitNOFILE=1048576", "kubeadm join"]) {
      expect(script).toContain(line);
    }
  });

  it("refuses to grow over EC2's limit", () => {
    expect(() => userDataOf({ ...join, caCertData: "A".repeat(16_384) })).toThrow(RangeError);
  });

  it.each([
    ["no marks", "#!/bin/bash\n"],
    ["no JSON", "# berth-join-begin\nhello\n# berth-join-end\n"],
    ["missing fields", '# berth-join-begin\n{"token":"x"}\n# berth-join-end\n'],
  ])("refuses a script with %s", (_what, script) => {
    expect(parseUserData(script)).toMatchObject({ ok: false, error: { kind: "user_data_refused" } });
  });
});

import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createLocalKeyProvider, readKeyFile } from "./local-key-provider.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

const provider = createLocalKeyProvider(new Uint8Array(32).fill(7));
const dataKey = new Uint8Array(32).fill(1);

describe("a local key provider", () => {
  it("gives back what it wrapped, and wraps it differently each time", async () => {
    const [one, other] = await Promise.all([provider.wrap(dataKey, "a"), provider.wrap(dataKey, "a")]);
    expect(Buffer.from(one)).not.toEqual(Buffer.from(other));
    expect(new Uint8Array(await provider.unwrap(one, provider.keyId, "a"))).toEqual(dataKey);
  });

  it("refuses another context, another key and any changed byte", async () => {
    const wrapped = await provider.wrap(dataKey, "a");
    const refused = expect.objectContaining({ kind: "denied" });
    await expect(provider.unwrap(wrapped, provider.keyId, "b")).rejects.toEqual(refused);
    await expect(provider.unwrap(wrapped, "local:other", "a")).rejects.toEqual(refused);
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Uint8Array.from(wrapped, (byte, index) => (index === at ? byte ^ 1 : byte));
      await expect(provider.unwrap(changed, provider.keyId, "a")).rejects.toEqual(refused);
    }
  });
});

describe("a key file", () => {
  it("is made for its owner alone, and read again", () => {
    const path = join(folder, "deep", "key");
    const key = readKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path)).toEqual(key);
  });

  it("that others may read or write is refused, and says how to mend it", () => {
    for (const mode of [0o640, 0o604, 0o620]) {
      const path = join(folder, `open-${mode.toString(8)}`);
      readKeyFile(path);
      chmodSync(path, mode);
      expect(() => readKeyFile(path)).toThrow(`chmod 600 ${path}`);
    }
  });

  it("that holds no key is named", () => {
    const path = join(folder, "broken");
    writeFileSync(path, "hello\n", { mode: 0o600 });
    expect(() => readKeyFile(path)).toThrow(path);
  });
});

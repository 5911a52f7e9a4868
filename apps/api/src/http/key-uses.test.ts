import type { ApiKeyUse } from "@berth/db";
import { expect, it } from "vitest";
import type { Principal } from "./authenticate.ts";
import { createKeyUses } from "./key-uses.ts";

function usesOf(failing = 0) {
  let now = 0;
  let left = failing;
  const stored: (readonly ApiKeyUse[])[] = [];
  const uses = createKeyUses({
    clock: { now: () => new Date(++now) },
    store: async (batch) => {
      if (left-- > 0) throw new Error("away");
      stored.push(batch);
    },
    onError: () => {},
  });
  const use = (apiKeyId: string, address?: string) => uses.note({ apiKeyId, address } as unknown as Principal);
  return { uses, use, stored };
}

it("the last use of each key is stored, all in one batch, and nothing when there was none", async () => {
  const { uses, use, stored } = usesOf();
  for (const address of ["10.0.0.1", "10.0.0.2"]) use("key_a", address);
  use("key_b");
  await uses.flush();
  await uses.close();
  expect(stored).toEqual([
    [
      { apiKeyId: "key_a", at: new Date(2), address: "10.0.0.2" },
      { apiKeyId: "key_b", at: new Date(3), address: null },
    ],
  ]);
});

it("what could not be stored comes with the next batch, unless the key was used again", async () => {
  const { uses, use, stored } = usesOf(1);
  use("key_a", "10.0.0.1");
  use("key_b", "10.0.0.1");
  await uses.flush();
  use("key_a", "10.0.0.2");
  await uses.close();
  expect(stored.flat().map(({ apiKeyId, address }) => [apiKeyId, address])).toEqual([
    ["key_a", "10.0.0.2"],
    ["key_b", "10.0.0.1"],
  ]);
});

import { expect, it } from "vitest";
import { withMachineLock } from "./machine-lock.ts";

it("lets one at a time hold a name, tells the other that it waits, and frees the name after a failure", async () => {
  const name = `test-${process.pid}`;
  const seen: string[] = [];
  let finish = (): void => undefined;
  const first = withMachineLock(
    name,
    () => seen.push("first waits"),
    async () => {
      seen.push("first");
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      throw new Error("the build failed");
    },
  );
  const second = withMachineLock(
    name,
    () => {
      seen.push("second waits");
      finish();
    },
    async () => seen.push("second"),
  );
  await expect(first).rejects.toThrow("the build failed");
  await second;
  expect(seen).toEqual(["first", "second waits", "second"]);
});

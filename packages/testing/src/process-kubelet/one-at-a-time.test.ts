import { expect, it } from "vitest";
import { waitFor } from "../wait-for.ts";
import type { KubeObject } from "./objects.ts";
import { oneAtATime } from "./one-at-a-time.ts";

const version = (resourceVersion: string): KubeObject => ({ metadata: { name: "a", uid: "u", resourceVersion } });

it("acts on the newest version after what came in between, and never twice at once", async () => {
  const seen: string[] = [];
  let atOnce = 0;
  let finish = (): void => undefined;
  const act = async ({ metadata }: KubeObject): Promise<void> => {
    expect(++atOnce).toBe(1);
    seen.push(metadata.resourceVersion);
    if (metadata.resourceVersion === "1") await new Promise<void>((resolve) => (finish = resolve));
    atOnce -= 1;
  };
  const queue = oneAtATime(act, new AbortController().signal, () => undefined);
  for (const name of ["1", "2", "3"]) queue.present(version(name));
  finish();
  await waitFor(() => seen.length === 2, { timeoutMs: 1000, what: "the newest" });
  expect(seen).toEqual(["1", "3"]);
});

it("tries again after a failure until it works, but not what is gone", async () => {
  let tries = 0;
  const troubles: unknown[] = [];
  const act = async (): Promise<void> => {
    tries += 1;
    if (tries < 3) throw new Error("not yet");
  };
  const queue = oneAtATime(act, new AbortController().signal, (_, error) => troubles.push(error));
  queue.present(version("1"));
  await waitFor(() => tries === 3, { timeoutMs: 5000, what: "the third try" });
  expect(troubles).toHaveLength(2);

  tries = 0;
  queue.present(version("2"));
  queue.gone(version("2"));
  await waitFor(() => troubles.length === 3, { timeoutMs: 5000, what: "the failure" });
  queue.present({ metadata: { name: "b", uid: "v", resourceVersion: "1" } });
  await waitFor(() => tries === 3, { timeoutMs: 5000, what: "the other object alone" });
});

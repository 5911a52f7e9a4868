import type { ConfigMap, WatchEvent } from "@berth/ports";
import { expect, test } from "vitest";
import { virtualClock } from "../clock.ts";
import { createKubernetesModel } from "../kubernetes/model.ts";
import { seededRandom } from "../random.ts";
import { inProcessKubernetes } from "./in-process-kubernetes.ts";

async function kube() {
  const clock = virtualClock();
  const model = createKubernetesModel({ clock, random: seededRandom(1) });
  const port = inProcessKubernetes(model, clock);
  await port.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "cl-test" } });
  return { clock, model, port };
}

const map = (name: string, value: string): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "cl-test" },
  data: { value },
});
const key = (name: string) => ({ name, namespace: "cl-test" });

test("objects are applied, read, listed, and deleted by their exact uid", async () => {
  const { port } = await kube();
  const applied = await port.apply(map("a", "1"), "berth");
  expect(await port.read("ConfigMap", key("a"))).toMatchObject({ kind: "ConfigMap", data: { value: "1" } });
  expect(await port.read("ConfigMap", key("none"))).toBeUndefined();
  expect((await port.list("ConfigMap", { namespace: "cl-test", fieldSelector: "metadata.name=a" })).length).toBe(1);
  const wrong = port.delete("ConfigMap", key("a"), { uid: "00000000-0000-4000-8000-000000000000" });
  await expect(wrong).rejects.toMatchObject({ kind: "conflict" });
  expect(await port.delete("ConfigMap", key("a"), { uid: applied.metadata.uid ?? "" })).toBe(true);
  expect(await port.delete("ConfigMap", key("a"), { uid: applied.metadata.uid ?? "" })).toBe(false);
});

test("a failed test of a patch is a conflict, a patch that can never apply is invalid", async () => {
  const { port } = await kube();
  await port.create(map("a", "1"));
  const patch = (value: string, path: string) =>
    port.patch("ConfigMap", key("a"), [
      { op: "test", path: "/data/value", value },
      { op: "replace", path, value: "2" },
    ]);
  await expect(patch("9", "/data/value")).rejects.toMatchObject({ kind: "conflict" });
  await expect(patch("1", "/none/value")).rejects.toMatchObject({ kind: "invalid" });
  expect(await patch("1", "/data/value")).toMatchObject({ data: { value: "2" } });
});

test("a wrong token is denied; what a caller gets is its own copy", async () => {
  const { model, clock, port } = await kube();
  const stranger = inProcessKubernetes(model, clock, "abcdef.0123456789abcdef");
  await expect(stranger.list("Secret")).rejects.toMatchObject({ kind: "denied" });
  const first = await port.create(map("a", "1"));
  (first as { data: Record<string, string> }).data.value = "changed";
  expect(await port.read("ConfigMap", key("a"))).toMatchObject({ data: { value: "1" } });
});

test("a reflection follows, and finds by a new list what it missed while its watch was cut", async () => {
  const { model, clock, port } = await kube();
  const first = await port.create(map("a", "1"));
  const events: string[] = [];
  const note = ({ type, object }: WatchEvent<ConfigMap>) =>
    events.push(`${type} ${object.metadata.name} ${object.data?.value}`);
  const selector = { namespace: "cl-test", fieldSelector: "metadata.name!=kube-root-ca.crt" };
  const reflection = port.reflect("ConfigMap", selector, note);
  await reflection.ready;
  await port.apply(map("b", "1"), "berth");
  clock.advance(1000);
  model.faults.cutWatches();
  await port.apply(map("b", "2"), "berth");
  await port.delete("ConfigMap", key("a"), { uid: first.metadata.uid ?? "" });
  clock.advance(5000);
  expect(events).toEqual(["added a 1", "added b 1", "removed a 1", "changed b 2"]);
  expect(reflection.items().map(({ metadata }) => metadata.name)).toEqual(["b"]);
  model.faults.silenceWatches();
  clock.advance(80_000);
  expect(reflection.ageMs()).toBeGreaterThan(60_000);
  await port.apply(map("c", "1"), "berth");
  clock.advance(20_000);
  expect(events.at(-1)).toBe("added c 1");
  port.close();
  await port.apply(map("d", "1"), "berth");
  clock.advance(200_000);
  expect(events.at(-1)).toBe("added c 1");
});

import { describe, expect, it } from "vitest";
import { createEventFeed } from "./feed.ts";

const never = new AbortController().signal;
const LONG = 60_000;

function feedOf() {
  const listeners: ((organizationId: string | undefined) => void)[] = [];
  const feed = createEventFeed({ onEvent: (listener) => void listeners.push(listener) });
  return { feed, happen: (id: string | undefined) => listeners.forEach((listener) => void listener(id)) };
}

describe("the event feed", () => {
  it("wakes whoever watches the organization, and nobody else", async () => {
    const { feed, happen } = feedOf();
    const ours = feed.watch("org_a").changed(LONG, never);
    const abort = new AbortController();
    let woken = false;
    const theirs = feed
      .watch("org_b")
      .changed(LONG, abort.signal)
      .then(() => {
        woken = true;
      });
    happen("org_a");
    await ours;
    expect(woken).toBe(false);
    abort.abort();
    await theirs;
  });

  it("misses nothing that happens while its watcher is busy reading", async () => {
    const { feed, happen } = feedOf();
    const watch = feed.watch("org_a");
    happen("org_a");
    happen("org_a");
    await watch.changed(LONG, never);
  });

  it("wakes everybody when notifications may have been lost", async () => {
    const { feed, happen } = feedOf();
    const both = [feed.watch("org_a"), feed.watch("org_b")].map((watch) => watch.changed(LONG, never));
    happen(undefined);
    await Promise.all(both);
  });

  it("lets go after the timeout, and at once when aborted", async () => {
    const { feed } = feedOf();
    const watch = feed.watch("org_a");
    await watch.changed(1, never);
    await watch.changed(LONG, AbortSignal.abort());
    watch.close();
  });
});

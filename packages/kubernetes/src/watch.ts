import { PortError } from "@berth/ports";
import { statusFrom } from "./errors.ts";

/** One line of a watch. A bookmark carries nothing but a resourceVersion that is safe to resume from. */
export interface RawWatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Readonly<Record<string, unknown>> & {
    readonly metadata?: { readonly resourceVersion?: string };
  };
}

/** A watch line of this size is no object of ours: objects end at about 1.5 MiB (etcd's limit). */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/**
 * Cuts the body of a watch into its events.
 *
 * A line that does not parse ends the watch with an error: skipping it, as @kubernetes/client-node does, would lose an
 * event for good while the copy looks fresh.
 */
export async function* watchEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<RawWatchEvent> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n", start)) {
      const line = pending.slice(start, end);
      start = end + 1;
      if (line.trim() !== "") yield parseEvent(line);
    }
    pending = pending.slice(start);
    if (pending.length > MAX_LINE_BYTES) throw new PortError("unavailable", "watch: a line has no end");
  }
}

function parseEvent(line: string): RawWatchEvent {
  let event: RawWatchEvent;
  try {
    event = JSON.parse(line) as RawWatchEvent;
  } catch (cause) {
    throw new PortError("unavailable", "watch: a line is not JSON", { cause });
  }
  if (event.type === "ERROR") {
    const status = statusFrom(event.object, 500);
    throw new PortError(status.code === 410 ? "conflict" : "unavailable", `watch: ${status.message}`, {
      cause: status,
    });
  }
  return event;
}

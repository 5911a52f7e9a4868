import { addAbortSignal, Readable } from "node:stream";

/**
 * A file's pieces as a body: the next one is asked for when the last was taken, so that little of it is in memory at a time.
 *
 * The first is waited for: what fails before it is thrown, and can still be answered as a refusal. What fails later breaks
 * the transfer off, and so does `signal`; undefined when that was aborted already. `onTaken` is told of each piece that its
 * reader has made room for.
 */
export async function fileBody(
  pieces: AsyncIterable<string>,
  { signal, onTaken }: { readonly signal: AbortSignal; readonly onTaken: () => void },
): Promise<Readable | undefined> {
  const rest = pieces[Symbol.asyncIterator]();
  const first = await rest.next();
  async function* resumed(): AsyncGenerator<string> {
    try {
      for (let piece = first; piece.done !== true; piece = await rest.next()) {
        yield piece.value;
        onTaken();
      }
    } finally {
      await rest.return?.();
    }
  }
  if (signal.aborted) return undefined;
  const body = Readable.from(resumed(), { highWaterMark: 1 });
  // Whoever sends it listens, but only from the first byte on: an abort before that must not end the process.
  body.on("error", () => {});
  return addAbortSignal(signal, body);
}

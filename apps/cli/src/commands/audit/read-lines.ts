/** Lines of UTF-8 text that comes in pieces; also a last one without an end. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let open = "";
  for await (const chunk of chunks) {
    const [first = "", ...rest] = decoder.decode(chunk, { stream: true }).split("\n");
    open += first;
    for (const next of rest) {
      yield open;
      open = next;
    }
  }
  open += decoder.decode();
  if (open !== "") yield open;
}

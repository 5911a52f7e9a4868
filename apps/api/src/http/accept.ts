/**
 * Whether an Accept header (RFC 9110, section 12.5.1) lets this media type through; the most specific range that names it
 * decides. No header, or an empty one, lets everything through.
 */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header.trim() === "") return true;
  const [type = ""] = mediaType.split("/");
  const rank = new Map([
    ["*/*", 1],
    [`${type}/*`, 2],
    [mediaType, 3],
  ]);
  let best = 0;
  let quality = 0;
  for (const range of header.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const specific = rank.get(name) ?? 0;
    if (specific <= best) continue;
    best = specific;
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    quality = q === undefined ? 1 : Number(q.slice(2));
  }
  return best > 0 && quality > 0;
}

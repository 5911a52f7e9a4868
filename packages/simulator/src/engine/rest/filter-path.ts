/**
 * `filter_path`: keeps the named parts of a JSON answer. Names are split by dots, `*` stands for any part of a name, `**`
 * for any number of names, a leading `-` takes away instead. Lists are looked through.
 */
export function filterPath(body: unknown, expression: string): unknown {
  const patterns = expression.split(",").map((pattern) => pattern.trim());
  const excluded = patterns.filter((pattern) => pattern.startsWith("-")).map((pattern) => pattern.slice(1).split("."));
  const included = patterns
    .filter((pattern) => pattern !== "" && !pattern.startsWith("-"))
    .map((pattern) => pattern.split("."));
  const without = excluded.length > 0 ? (remove(body, excluded) ?? {}) : body;
  return included.length > 0 ? (keep(without, included) ?? {}) : without;
}

type Pattern = readonly string[];

function keep(value: unknown, patterns: readonly Pattern[]): unknown {
  if (patterns.some((pattern) => pattern.length === 0)) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => keep(item, patterns)).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const kept = Object.entries(value).flatMap(([key, child]) => {
    const inner = keep(
      child,
      patterns.flatMap((pattern) => step(pattern, key)),
    );
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function remove(value: unknown, patterns: readonly Pattern[]): unknown {
  if (patterns.some((pattern) => pattern.length === 0)) return undefined;
  if (Array.isArray(value)) return value.map((item) => remove(item, patterns));
  if (typeof value !== "object" || value === null) return value;
  const left = Object.entries(value).flatMap(([key, child]) => {
    const inner = remove(
      child,
      patterns.flatMap((pattern) => step(pattern, key)),
    );
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return Object.fromEntries(left);
}

/** What is left of a pattern after one name; a key with dots in it counts as one name or as several. */
function step(pattern: Pattern, key: string): readonly Pattern[] {
  const [head, ...rest] = pattern;
  if (head === undefined) return [];
  if (head === "**") return [pattern, rest, ...step(rest, key)];
  if (matches(head, key)) return [rest];
  const dots = key.split(".").length;
  return dots > 1 && matches(pattern.slice(0, dots).join("."), key) ? [pattern.slice(dots)] : [];
}

function matches(pattern: string, key: string): boolean {
  if (!pattern.includes("*")) return pattern === key;
  const source = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`).test(key);
}

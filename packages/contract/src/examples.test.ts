import { expect, it } from "vitest";
import { z } from "zod";
import { problemSchema } from "./problems.ts";
import type { RouteShape } from "./route.ts";
import { ROUTES } from "./routes.ts";

const examplesOf = (schema: z.ZodType) => (schema.meta()?.examples ?? []) as readonly unknown[];

/** Every schema within a value: a schema, its fields, elements and options, at any depth. */
function schemasIn(value: unknown, seen = new Set<unknown>()): z.ZodType[] {
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof z.ZodType) return [value, ...schemasIn(value.def, seen)];
  return Object.values(value).flatMap((part) => schemasIn(part, seen));
}

const routes = Object.entries<RouteShape>(ROUTES);

it.each([["every refusal", problemSchema] as const, ...routes])(
  "the examples of %s, of its fields and answers, are what their schemas say",
  (_, shape) => {
    for (const schema of schemasIn(shape)) {
      for (const example of examplesOf(schema)) {
        expect(schema.safeParse(example).error, JSON.stringify(example)).toBeUndefined();
      }
    }
  },
);

it("examples are found in bodies, paths, queries and answers", () => {
  const count = (part: (shape: RouteShape) => unknown) =>
    routes.flatMap(([, shape]) => schemasIn(part(shape))).filter((schema) => examplesOf(schema).length > 0).length;
  for (const part of ["body", "params", "query", "responses"] as const) {
    expect(
      count((shape) => shape[part]),
      part,
    ).toBeGreaterThan(10);
  }
});

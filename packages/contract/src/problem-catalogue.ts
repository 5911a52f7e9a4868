import { PROBLEM_CODES, PROBLEMS, type ProblemCode, type ProblemKind } from "./problems.ts";
import { problemsOf, type RouteShape, takesIfMatch } from "./route.ts";
import { ROUTES } from "./routes.ts";

/** One code of the catalogue, and who answers with it. */
export interface CatalogueEntry extends ProblemKind {
  readonly code: ProblemCode;
  /** Kinds of routes in words, then operation ids; empty for what is refused before a route is found. */
  readonly routes: readonly string[];
}

/** Kinds of routes that share codes because of their shape, the widest first. */
const KINDS: readonly (readonly [string, (shape: RouteShape) => boolean])[] = [
  ["every route", () => true],
  ["every route that takes a key", ({ permission }) => permission !== "public"],
  [
    "every route that takes a permission",
    ({ permission }) => permission !== "public" && permission !== "authenticated",
  ],
  ["every change", ({ method }) => method !== "GET"],
  ["every route with an id in its path", ({ params }) => params !== undefined],
  ["every list in pages", ({ query }) => query !== undefined && "page_token" in query.shape],
  ["every route with an Idempotency-Key", ({ idempotent }) => idempotent === true],
  ["every route with If-Match or Last-Event-ID", ({ headers }) => headers !== undefined],
  ["every route with If-Match", takesIfMatch],
];

/** Every code, in the order of the catalogue, with the routes that may answer with it. */
export function catalogueOfProblems(): CatalogueEntry[] {
  const shapes = Object.values<RouteShape>(ROUTES);
  return PROBLEM_CODES.map((code) => {
    const answering = new Set(shapes.filter((shape) => problemsOf(shape).includes(code)));
    const routes: string[] = [];
    const rest = new Set(answering);
    for (const [name, isOfKind] of KINDS) {
      const kind = shapes.filter(isOfKind);
      const namesSeveral = kind.filter((shape) => rest.has(shape)).length > 1;
      if (!namesSeveral || !kind.every((shape) => answering.has(shape))) continue;
      routes.push(name);
      for (const shape of kind) rest.delete(shape);
    }
    return { code, ...PROBLEMS[code], routes: [...routes, ...[...rest].map(({ operationId }) => operationId)] };
  });
}

/**
 * Every refusal as a page: its status, what it is called, whether the same request may pass later, and who answers with it.
 * Same contract, same bytes: it is committed, so that a new code or a route that answers with another one is seen in review.
 */
export function problemCatalogue(): string {
  const rows = catalogueOfProblems().map(({ code, status, title, retryable, routes }) => [
    `\`${code}\``,
    String(status),
    title,
    retryable ? "yes" : "",
    routes.length === 0 ? "before a route is found" : routes.join(", "),
  ]);
  const head = ["Code", "Status", "Title", "Retryable", "Answered by"];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `# Problem catalogue

Written from the table of problems and the route table by \`npm run openapi -w packages/contract\`.

Every refusal is a problem of RFC 9457. Its \`type\` is the path \`/problems/<code>\`, under which the API serves the code's
line of this table. Retryable: the same request, unchanged, may pass later.

${table}`;
}

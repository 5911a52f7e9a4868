import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createClusterBody } from "./clusters.ts";
import { openApiDocument } from "./openapi.ts";
import { permissionMatrix } from "./permission-matrix.ts";
import { catalogueOfProblems, problemCatalogue } from "./problem-catalogue.ts";
import { PROBLEM_CODES, PROBLEMS } from "./problems.ts";
import { isConditional, isOperatorRead, problemsOf, type RouteShape, takesIfMatch } from "./route.ts";
import { ROUTES } from "./routes.ts";

const shapes = Object.entries<RouteShape>(ROUTES);
const document = JSON.parse(JSON.stringify(openApiDocument()));

/** The fields of each object that takes others too; a map of keys that are checked is none. */
function openObjectsOf(schema: z.ZodType): string[] {
  const open: string[] = [];
  z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const isOpen = zodSchema._zod.def.type === "object" && jsonSchema.additionalProperties !== false;
      if (isOpen) open.push(Object.keys(jsonSchema.properties ?? {}).join());
    },
  });
  return open;
}

describe("the committed openapi.json", () => {
  it("is what the contract says (else: npm run openapi -w packages/contract)", () => {
    const committed = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
    expect(committed).toEqual(document);
  });

  it("says of a route that will go that it is deprecated, and by which headers every answer says so", () => {
    const deprecated = { since: "2026-01-01", sunset: "2027-01-01", successor: "/v1/sizes" };
    const { paths } = JSON.parse(JSON.stringify(openApiDocument({ me: { ...ROUTES.getMe, deprecated } })));
    expect(paths["/v1/me"].get.deprecated).toBe(true);
    expect(document.paths["/v1/me"].get.deprecated).toBeUndefined();
    const responses = Object.entries<{ headers: object }>(paths["/v1/me"].get.responses);
    expect(responses.map(([status]) => status)).toEqual(expect.arrayContaining(["200", "304", "401", "503"]));
    for (const [status, { headers }] of responses) {
      expect(Object.keys(headers), status).toEqual(expect.arrayContaining(["Deprecation", "Sunset", "Link"]));
    }
  });

  it("says which headers a refusal has: when to ask again, how to say who asks, what the key has left", () => {
    const { responses } = document.paths["/v1/clusters/{cluster_id}/credentials"].post;
    const headersOf = (status: number) => Object.keys(responses[status].headers);
    const left = ["RateLimit", "RateLimit-Policy"];
    expect(headersOf(401)).toEqual(["X-Request-Id", ...left, "WWW-Authenticate"]);
    for (const status of [403, 404]) expect(headersOf(status)).toEqual(["X-Request-Id", ...left]);
    for (const status of [409, 429, 503]) expect(headersOf(status)).toEqual(["X-Request-Id", ...left, "Retry-After"]);
    const open = document.paths["/v1/invitations/accept"].post.responses;
    expect(Object.keys(open[429].headers)).toEqual(["X-Request-Id", "Retry-After"]);
    expect(Object.keys(open[422].headers)).toEqual(["X-Request-Id"]);
  });

  it("closes requests and leaves answers open", () => {
    const { schemas } = document.components;
    expect(schemas.NewCluster.additionalProperties).toBe(false);
    const closed = Object.entries<{ additionalProperties?: unknown }>(schemas)
      .filter(([, schema]) => schema.additionalProperties === false)
      .map(([name]) => name);
    expect(closed.filter((name) => !name.startsWith("New") && !name.endsWith("Patch"))).toEqual([]);
  });

  it("says of what is a reference nothing but a description beside", () => {
    const beside = new Set<string>();
    JSON.stringify(document, (_, node) => {
      if (typeof node?.$ref === "string") for (const key of Object.keys(node)) beside.add(key);
      return node;
    });
    expect([...beside].sort()).toEqual(["$ref", "description"]);
  });

  it("has no body for what is unchanged", () => {
    const operations = Object.values<Record<string, { responses: Record<string, object> }>>(document.paths);
    const unchanged = operations.flatMap((one) => Object.values(one).map(({ responses }) => responses["304"]));
    expect(unchanged.filter((response) => response !== undefined && "content" in response)).toEqual([]);
  });

  it("describes every header that an answer refers to, and no other", () => {
    const named = JSON.stringify(document.paths).matchAll(/"#\/components\/headers\/([^"]+)"/g);
    const used = new Set([...named].map(([, name]) => name));
    expect(Object.keys(document.components.headers).sort()).toEqual([...used].sort());
  });

  it("needs no second version of a schema for answers", () => {
    expect(Object.keys(document.components.schemas).filter((name) => name.endsWith("Output"))).toEqual([]);
  });
});

describe("the committed permission matrix", () => {
  const matrix = permissionMatrix();

  it("is what the contract says (else: npm run openapi -w packages/contract)", () => {
    expect(readFileSync(new URL("../permission-matrix.md", import.meta.url), "utf8")).toBe(matrix);
  });

  it("lets no customer's member do what is the platform's, and a limited key what is about clusters alone", () => {
    const [customer = ""] = matrix.split("## Members of the platform");
    const rows = customer.split("\n").filter((line) => line.includes("/v1/"));
    const cells = rows.map((line) => line.split("|").map((cell) => cell.trim()));
    expect(cells).toHaveLength(shapes.filter(([, shape]) => shape.path.startsWith("/v1/")).length);
    for (const [, operation, , permission = "", ...words] of cells) {
      if (permission.startsWith("admin:")) expect(words.join(""), operation).toBe("");
      if (words.at(-2) === "yes") expect(permission).toMatch(/^clusters:/);
    }
  });
});

describe("the committed problem catalogue", () => {
  const entries = catalogueOfProblems();

  it("is what the contract says (else: npm run openapi -w packages/contract)", () => {
    expect(readFileSync(new URL("../problem-catalogue.md", import.meta.url), "utf8")).toBe(problemCatalogue());
  });

  it("has every code once, with a route's own problems at its name, and those of all at none", () => {
    expect(entries.map(({ code }) => code)).toEqual(PROBLEM_CODES);
    const named = entries.filter(({ routes }) => routes.includes("deleteCluster")).map(({ code }) => code);
    expect(named).toEqual(["invalid_state", "deletion_protected"]);
    expect(entries.find(({ code }) => code === "not_acceptable")?.routes).toEqual(["every route"]);
  });

  it("knows no code that nobody answers with, but for those of requests that reach no route", () => {
    const unused = entries.filter(({ routes }) => routes.length === 0).map(({ code }) => code);
    expect(unused).toEqual(["bad_request", "method_not_allowed", "request_timeout", "header_fields_too_large"]);
  });
});

describe("every route", () => {
  it.each(shapes)("%s is found under its own operation id, once per method and path", (name, shape) => {
    expect(shape.operationId).toBe(name);
    const twins = shapes.filter(([, other]) => other.method === shape.method && other.path === shape.path);
    expect(twins).toHaveLength(1);
  });

  it.each(shapes)("%s declares exactly the parameters of its path", (_, shape) => {
    const inPath = [...shape.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(shape.params?.shape ?? {})).toEqual(inPath);
  });

  it.each(shapes)("%s that a key may do to itself names the key in its path", (_, shape) => {
    if (shape.ownKey) expect(shape.path).toContain("{api_key_id}");
  });

  it.each(shapes)("%s that makes something takes an Idempotency-Key, or says why it makes nothing", (_, shape) => {
    if (shape.method === "POST") expect(shape.idempotent === true).toBe(shape.safe === undefined);
    else expect(shape.safe).toBeUndefined();
  });

  it.each(shapes)("%s that changes or deletes one thing takes If-Match, or says why it is of none", (_, shape) => {
    if (shape.method === "PATCH" || shape.method === "DELETE") {
      expect(takesIfMatch(shape)).toBe(shape.unconditional === undefined);
    } else expect(shape.unconditional).toBeUndefined();
  });

  it.each(shapes.filter(([, shape]) => takesIfMatch(shape)))(
    "%s that takes If-Match is of what a GET gives the ETag of, and answers with the new one",
    (_, { method, path, changes, responses }) => {
      expect(changes).not.toBe(path);
      const reads = shapes.filter(([, read]) => read.path === (changes ?? path) && isConditional(read));
      expect(reads).toHaveLength(1);
      if (method === "PATCH") expect(responses[200]?.headers).toContain("ETag");
    },
  );

  it.each(shapes)("%s that answers with a file has a media type for each format", (_, shape) => {
    if (shape.file === undefined) return;
    for (const format of Object.keys(shape.file)) expect(shape.query?.safeParse({ format }).success).toBe(true);
    expect(shape.query?.safeParse({ format: "other" }).success).toBe(false);
  });

  it.each(shapes.filter(([, shape]) => isOperatorRead(shape)))(
    "%s says truly which tenants' data it shows",
    (_, shape) => {
      // A file says nothing of its own here: what is sent while it is read may hold no tenant's data at all.
      if (shape.file !== undefined) return expect(shape.tenantData).toBe("none");
      const schema = shape.responses[200]?.schema as z.ZodObject;
      const { tenantData } = shape;
      const text = JSON.stringify(z.toJSONSchema(schema, { unrepresentable: "any" }));
      if (tenantData === "none") return expect(text).not.toContain('"organization_id"');
      expect(tenantData).toBeDefined();
      const { within, organization = "", cluster = organization } = tenantData ?? {};
      const shown = within === undefined ? schema : ((schema.shape[within] as z.ZodArray).element as z.ZodObject);
      expect(Object.keys(shown.shape)).toEqual(expect.arrayContaining([organization, cluster]));
    },
  );

  it.each(shapes)("%s refuses fields that it does not name, at every depth of its query and body", (_, shape) => {
    const open = [shape.query, shape.body].flatMap((schema) => (schema === undefined ? [] : openObjectsOf(schema)));
    expect(open).toEqual([]);
  });

  it.each(shapes)("%s takes no text in its query that PostgreSQL would not, nor an endless one", (_, shape) => {
    for (const [name, field] of Object.entries(shape.query?.shape ?? {})) {
      for (const text of ["\u0000", "a\u0000b", "a:\u0000", "\u0000:a", "\ud800", "a:\ud800", "x".repeat(10_000)]) {
        expect(field.safeParse(text).success, `${name}=${JSON.stringify(text.slice(0, 20))}`).toBe(false);
      }
    }
  });

  it.each(shapes)("%s lists refusals that the catalogue knows", (_, shape) => {
    for (const code of problemsOf(shape)) expect(PROBLEMS[code].status).toBeGreaterThanOrEqual(400);
  });
});

describe("the body of a new cluster", () => {
  const demo = { name: "demo", region: "us-east-1", size: "8g", instances: 3 };
  const faultOf = (body: unknown) => createClusterBody.safeParse(body).error?.issues[0]?.path.join("/");

  it.each([
    ["too many instances, beyond what a number holds", { ...demo, instances: 2 ** 53 + 2 }, "instances"],
    ["a negative number of instances", { ...demo, instances: -1 }, "instances"],
    ["half an instance", { ...demo, instances: 1.5 }, "instances"],
    ["a control character in the name", { ...demo, name: "de\u0000mo" }, "name"],
    ["a new line at the end of the name", { ...demo, name: "demo\n" }, "name"],
    ["storage that is not whole mebibytes", { ...demo, storage_bytes: 2 ** 30 + 1 }, "storage_bytes"],
    ["both forms at once", { ...demo, components: [{ name: "data", size: "8g", instances: 3 }] }, "size"],
    ["neither form", { name: "demo", region: "us-east-1" }, "size"],
    ["an unknown field", { ...demo, color: "red" }, ""],
    [
      "a role twice",
      {
        name: "demo",
        region: "us-east-1",
        components: [{ name: "data", roles: ["data", "data"], size: "8g", instances: 3 }],
      },
      "components/0/roles",
    ],
    ["a label key that Kubernetes refuses", { ...demo, labels: { "a b": "c" } }, "labels/a b"],
  ])("refuses %s", (_, body, at) => {
    expect(faultOf(body)).toBe(at);
  });

  it("takes the short form", () => {
    expect(faultOf(demo)).toBeUndefined();
  });
});

import { z } from "zod";
import { guardSchema, idField, idInput, listQuery, nameInput, pageOf, timestamp, wordInput } from "./fields.ts";
import { route } from "./route.ts";

export const kubeSchema = z
  .object({
    id: idField("kube"),
    name: z.string(),
    region: z.string(),
    zones: z.array(z.string()),
    static: z.boolean().meta({ description: "Its machines are brought by the operator; none is launched." }),
    simulated: z.boolean().meta({ description: "A simulator, not a Kubernetes cluster." }),
    api_server_url: z.string(),
    storage_class: z.string(),
    status: z.object({
      health: z.enum(["healthy", "unreachable", "unknown"]),
      message: z.string().nullable(),
      version: z.string().nullable(),
      waiting_for: z.array(guardSchema),
      observed_at: timestamp.nullable(),
    }),
    pools: z.int(),
    machines: z.int().meta({ description: "Not terminated." }),
    clusters: z.int().meta({ description: "Not deleted." }),
    created_at: timestamp,
  })
  .meta({ id: "Kube" });
export type Kube = z.infer<typeof kubeSchema>;

/** As it may be given: everything inline. The certificate is none. */
const KUBECONFIG_EXAMPLE = `apiVersion: v1
kind: Config
current-context: main
contexts: [{name: main, context: {cluster: main, user: berth}}]
clusters: [{name: main, cluster: {server: "https://203.0.113.10:6443", certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=}}]
users: [{name: berth, user: {token: example}}]
`;

export const createKubeBody = z
  .strictObject({
    name: nameInput,
    region: wordInput,
    zones: z.array(wordInput).min(1).max(12),
    kubeconfig: z.string().min(1).max(65_536).meta({
      description:
        "Inline CA with a token or client certificate; exec plugins, auth providers and file paths are refused.",
    }),
    static: z.boolean().optional(),
    simulated: z.boolean().optional(),
    storage_class: wordInput.optional().meta({ description: "gp3 when absent." }),
  })
  .meta({
    id: "NewKube",
    examples: [
      { name: "east", region: "us-east-1", zones: ["us-east-1a", "us-east-1b"], kubeconfig: KUBECONFIG_EXAMPLE },
    ],
  });
export type CreateKubeBody = z.infer<typeof createKubeBody>;

export const createKube = route({
  operationId: "createKube",
  method: "POST",
  path: "/v1/admin/kubes",
  tag: "admin",
  summary: "Register a Kubernetes cluster",
  permission: "admin:fleet:act",
  body: createKubeBody,
  responses: {
    201: { description: "Registered; its health follows.", schema: kubeSchema, headers: ["Location"] },
  },
  problems: ["name_taken"],
  idempotent: true,
});

export const listKubes = route({
  operationId: "listKubes",
  method: "GET",
  path: "/v1/admin/kubes",
  tag: "admin",
  summary: "List Kubernetes clusters",
  permission: "admin:fleet:read",
  query: listQuery("created_at", {
    region: wordInput.optional().meta({ description: "Only those in this region." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page, oldest first.", schema: pageOf(kubeSchema, "KubePage") } },
  problems: [],
});

export const getKube = route({
  operationId: "getKube",
  method: "GET",
  path: "/v1/admin/kubes/{kube_id}",
  tag: "admin",
  summary: "Get a Kubernetes cluster with its health",
  permission: "admin:fleet:read",
  params: z.object({ kube_id: idInput("kube") }),
  tenantData: "none",
  responses: { 200: { description: "The kube.", schema: kubeSchema } },
  problems: [],
});

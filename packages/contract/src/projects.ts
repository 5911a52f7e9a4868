import { z } from "zod";
import { idField, idInput, ifMatch, listQuery, nameInput, pageOf, timestamp } from "./fields.ts";
import { route } from "./route.ts";

export const projectSchema = z
  .object({
    id: idField("project"),
    organization_id: idField("organization"),
    name: z.string(),
    generation: z.int().meta({ description: "Grows by one with each accepted change." }),
    created_at: timestamp,
  })
  .meta({ id: "Project", description: "A sub-account of an organization: what clusters, and their costs, belong to." });
export type Project = z.infer<typeof projectSchema>;

export const createProjectBody = z
  .strictObject({ name: nameInput })
  .meta({ id: "NewProject", examples: [{ name: "search" }] });
export type CreateProjectBody = z.infer<typeof createProjectBody>;

export const updateProjectBody = z
  .strictObject({ name: nameInput.optional() })
  .meta({ id: "ProjectPatch", description: "JSON Merge Patch.", examples: [{ name: "search and logs" }] });
export type UpdateProjectBody = z.infer<typeof updateProjectBody>;

const params = z.object({ project_id: idInput("project") });

export const createProject = route({
  operationId: "createProject",
  method: "POST",
  path: "/v1/projects",
  tag: "projects",
  summary: "Create a project",
  permission: "projects:write",
  body: createProjectBody,
  responses: { 201: { description: "Created.", schema: projectSchema, headers: ["Location", "ETag"] } },
  problems: ["name_taken", "quota_exceeded"],
  idempotent: true,
});

export const listProjects = route({
  operationId: "listProjects",
  method: "GET",
  path: "/v1/projects",
  tag: "projects",
  summary: "List projects",
  description: "Oldest first: the first is where a cluster goes that names none.",
  permission: "projects:read",
  query: listQuery("created_at", {
    name: nameInput.optional().meta({ description: "Only the one of this name." }),
  }),
  responses: { 200: { description: "A page.", schema: pageOf(projectSchema, "ProjectPage") } },
  problems: [],
});

export const getProject = route({
  operationId: "getProject",
  method: "GET",
  path: "/v1/projects/{project_id}",
  tag: "projects",
  summary: "Get a project",
  permission: "projects:read",
  params,
  responses: { 200: { description: "The project.", schema: projectSchema } },
  problems: [],
});

export const updateProject = route({
  operationId: "updateProject",
  method: "PATCH",
  path: "/v1/projects/{project_id}",
  tag: "projects",
  summary: "Rename a project",
  permission: "projects:write",
  params,
  headers: ifMatch,
  body: updateProjectBody,
  responses: { 200: { description: "The project as it is now.", schema: projectSchema, headers: ["ETag"] } },
  problems: ["name_taken"],
});

export const deleteProject = route({
  operationId: "deleteProject",
  method: "DELETE",
  path: "/v1/projects/{project_id}",
  tag: "projects",
  summary: "Delete a project",
  description:
    "Refused while it has clusters, ones that are being deleted among them. An organization keeps its last project.",
  permission: "projects:write",
  params,
  headers: ifMatch,
  responses: { 204: { description: "Gone." } },
  problems: ["invalid_state"],
});

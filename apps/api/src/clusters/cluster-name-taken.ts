import { refuse } from "../http/refusal.ts";

export function clusterNameTaken(name: string) {
  const detail = `The project has a cluster named ${name} already.`;
  return refuse("name_taken", detail, { errors: [{ pointer: "/name", code: "name_taken", detail }] });
}

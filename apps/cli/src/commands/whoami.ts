import type { Me } from "@berth/contract";
import { Command } from "@commander-js/extra-typings";
import { printBody } from "../output/print.ts";
import { formatFacts } from "../output/table.ts";
import type { Berth } from "../program.ts";
import { quotaFacts } from "./quota/quota-words.ts";

export const whoami = (berth: Berth) =>
  new Command("whoami").description("Show who the key is, and its limits").action(async (_, command) => {
    const session = berth.session(command);
    const { body } = await (await session.client()).getMe();
    await printBody(session, body, describeMe);
  });

function describeMe({ principal, member, organization, projects, permissions, limits }: Me): string {
  const { id, name, kind } = organization;
  return formatFacts([
    ["Organization", `${name} (${id})${kind === "platform" ? ", the platform's own" : ""}`],
    [
      "Member",
      member === null ? "none, the key is the organization's own" : `${member.email}, ${member.role} (${member.id})`,
    ],
    ["Key", `${principal.name} (${principal.id})`],
    ["Expires", principal.expires_at ?? "never"],
    ["Reaches", listed([...principal.project_ids, ...principal.cluster_ids], "all projects")],
    ["Usable from", listed(principal.cidrs, "anywhere")],
    ["Project names", projects.map((project) => project.name).join(", ")],
    ["Permissions", permissions.join(", ")],
    ...quotaFacts(limits),
  ]);
}

const listed = (entries: readonly string[], whenEmpty: string) =>
  entries.length === 0 ? whenEmpty : entries.join(", ");

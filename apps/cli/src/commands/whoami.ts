import { Command } from "@commander-js/extra-typings";
import { formatBytes } from "../output/format.ts";
import { printBody } from "../output/print.ts";
import { formatFacts } from "../output/table.ts";
import type { Berth } from "../program.ts";

export const whoami = (berth: Berth) =>
  new Command("whoami").description("Show who the key is, and its limits").action(async (_, command) => {
    const session = berth.session(command);
    const { body: me } = await (await session.client()).getMe();
    await printBody(session, me, () =>
      formatFacts([
        ["Organization", `${me.organization.name} (${me.organization.id})`],
        ["Key", `${me.principal.name} (${me.principal.id})`],
        ["Expires", me.principal.expires_at ?? "never"],
        ["Projects", me.projects.map((project) => project.name).join(", ")],
        ["Permissions", me.permissions.join(", ")],
        ["Clusters", `${me.limits.clusters.used} of ${me.limits.clusters.limit}`],
        ["Instances", `${me.limits.instances.used} of ${me.limits.instances.limit}`],
        ["Memory", `${formatBytes(me.limits.memory_bytes.used)} of ${formatBytes(me.limits.memory_bytes.limit)}`],
        ["Storage", `${formatBytes(me.limits.storage_bytes.used)} of ${formatBytes(me.limits.storage_bytes.limit)}`],
      ]),
    );
  });

import { findText } from "./settings.ts";
import type { EngineWorld, NodeProcess } from "./state.ts";

/** Addresses that a node asks for peers: its settings, the mounted seed file as it is now, and the peers it knew. */
export function seedAddresses(node: NodeProcess): readonly string[] {
  const file = node.config.fileSeeds ? (findText(node.pod.files, "unicast_hosts.txt") ?? "") : "";
  const lines = file.split("\n").map((line) => line.split("#")[0]?.trim() ?? "");
  const hosts = [...node.config.seedHosts, ...lines].filter((line) => line !== "");
  return [...hosts.map((host) => host.replace(/:\d+$/, "")), ...node.volume.knownAddresses];
}

/** Both run, both answer, packets pass, and the transport ports trust each other. */
export function canTalk(world: EngineWorld, a: NodeProcess, b: NodeProcess): boolean {
  if (a === b) return a.running && !a.frozen;
  return (
    a.running &&
    b.running &&
    !a.frozen &&
    !b.frozen &&
    a.config.engine === b.config.engine &&
    a.config.transportCa === b.config.transportCa &&
    world.connected(a.pod.podIp, b.pod.podIp)
  );
}

/**
 * Groups of nodes that have found each other. Peers tell their peers, and whoever is asked learns of the asker, so one
 * side's address list is enough, and finding is transitive.
 */
export function discoveredGroups(world: EngineWorld, nodes: readonly NodeProcess[]): NodeProcess[][] {
  const groupOf = new Map<NodeProcess, NodeProcess[]>(nodes.map((node) => [node, [node]]));
  const byAddress = new Map(nodes.map((node) => [node.pod.podIp, node]));
  for (const node of nodes) {
    for (const address of seedAddresses(node)) {
      const peer = byAddress.get(address);
      if (peer === undefined || !canTalk(world, node, peer)) continue;
      const mine = groupOf.get(node) ?? [];
      const theirs = groupOf.get(peer) ?? [];
      if (mine === theirs) continue;
      mine.push(...theirs);
      for (const moved of theirs) groupOf.set(moved, mine);
    }
  }
  return [...new Set(groupOf.values())];
}

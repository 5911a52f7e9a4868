import { Argument, Command } from "@commander-js/extra-typings";
import type { Berth } from "../program.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
const INSTALL = `
Install:
  bash  berth completion bash > ~/.local/share/bash-completion/completions/berth
  zsh   berth completion zsh > "\${fpath[1]}/_berth"
  fish  berth completion fish > ~/.config/fish/completions/berth.fish`;

export const completion = (berth: Berth) =>
  new Command("completion")
    .description("Print a completion script for a shell; it also completes names and ids, as the API knows them")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", INSTALL)
    .action(async (shell) => {
      const { getCompletionScript } = await import("@pnpm/tabtab");
      berth.io.out(await getCompletionScript({ name: "berth", completer: "berth", shell }));
    });

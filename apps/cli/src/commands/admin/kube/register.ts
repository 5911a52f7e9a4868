import { Command } from "@commander-js/extra-typings";
import { printThing } from "../../../output/print.ts";
import { formatTable } from "../../../output/table.ts";
import type { Berth } from "../../../program.ts";
import { commaList } from "../../parse.ts";
import { readText } from "../../read-text.ts";
import { KUBES } from "./view.ts";

export const registerKube = (berth: Berth) =>
  new Command("register")
    .description("Register a Kubernetes cluster by its kubeconfig (inline CA and token or certificate)")
    .argument("<name>")
    .requiredOption("--region <region>", "where it is")
    .requiredOption("--zones <zones>", "its zones, as a,b,c", commaList)
    .requiredOption("--kubeconfig <path>", "file with the kubeconfig, or - for stdin")
    .option("--static", "its machines are brought by you: none is launched")
    .option("--simulated", "it is a simulator: everything that shows it will say so")
    .option("--storage-class <name>", "of volumes (gp3 when absent)")
    .action(async (name, options, command) => {
      const session = berth.session(command);
      const kubeconfig = await readText(session, options.kubeconfig);
      const { body } = await (await session.client()).createKube({
        body: {
          name,
          region: options.region,
          zones: options.zones,
          kubeconfig,
          ...(options.static === true ? { static: true } : {}),
          ...(options.simulated === true ? { simulated: true } : {}),
          ...(options.storageClass === undefined ? {} : { storage_class: options.storageClass }),
        },
      });
      await printThing(session, body, (kube) =>
        formatTable(KUBES.columns, [kube], { wide: session.output === "wide" }),
      );
    });

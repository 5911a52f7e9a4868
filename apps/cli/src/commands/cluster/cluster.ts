import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { connectCluster } from "./connect.ts";
import { createCluster } from "./create.ts";
import { deleteCluster } from "./delete.ts";
import { describeCluster } from "./describe.ts";
import { getCluster } from "./get.ts";
import { listClusters } from "./list.ts";
import { restoreCluster } from "./restore.ts";
import { updateCluster } from "./update.ts";
import { waitForCluster } from "./wait.ts";

export const cluster = (berth: Berth) =>
  new Command("cluster")
    .description("Create, see, connect to, change, delete and restore clusters")
    .addCommand(createCluster(berth))
    .addCommand(listClusters(berth))
    .addCommand(getCluster(berth))
    .addCommand(describeCluster(berth))
    .addCommand(connectCluster(berth))
    .addCommand(updateCluster(berth))
    .addCommand(waitForCluster(berth))
    .addCommand(deleteCluster(berth))
    .addCommand(restoreCluster(berth));

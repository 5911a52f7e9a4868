import { Command } from "@commander-js/extra-typings";
import type { Berth } from "../../program.ts";
import { listAuditOfAll } from "./audit/list.ts";
import { deleteCommitment } from "./commitment/delete.ts";
import { listExpiries } from "./commitment/expiries.ts";
import { getCommitment } from "./commitment/get.ts";
import { importCommitments } from "./commitment/import.ts";
import { listCommitments } from "./commitment/list.ts";
import { registerCommitment } from "./commitment/register.ts";
import { showCommitmentUsage } from "./commitment/usage.ts";
import { getKube } from "./kube/get.ts";
import { listKubes } from "./kube/list.ts";
import { registerKube } from "./kube/register.ts";
import { getMachine } from "./machine/get.ts";
import { listMachines } from "./machine/list.ts";
import { createOrganization } from "./organization/create.ts";
import { getOrganization } from "./organization/get.ts";
import { listOrganizations } from "./organization/list.ts";
import { resumeOrganization } from "./organization/resume.ts";
import { suspendOrganization } from "./organization/suspend.ts";
import { updateOrganization } from "./organization/update.ts";
import { forecastCapacity } from "./packing/forecast.ts";
import { showPacking } from "./packing/show.ts";
import { topMachines } from "./packing/top.ts";
import { explainInstance, explainPlacement } from "./placement/explain.ts";
import { listPlacements } from "./placement/list.ts";
import { createPool } from "./pool/create.ts";
import { getPool } from "./pool/get.ts";
import { listPools } from "./pool/list.ts";
import { updatePool } from "./pool/update.ts";
import { getPriceBook } from "./price-book/get.ts";
import { importPriceBook } from "./price-book/import.ts";
import { listPriceBooks } from "./price-book/list.ts";
import { getReading, listReadings, readPrices } from "./price-book/reading.ts";
import { actOnRebalancePlan } from "./rebalance/act.ts";
import { createRebalancePlan } from "./rebalance/create.ts";
import { getRebalancePlan } from "./rebalance/get.ts";
import { listRebalancePlans } from "./rebalance/list.ts";
import { reservationPlan } from "./reservation-plan/commands.ts";
import { reservationPurchase } from "./reservation-purchase/commands.ts";
import { showSavings } from "./savings/show.ts";
import { coldPlan, drawDensityCurve, simulate, study } from "./study/commands.ts";

export const admin = (berth: Berth) =>
  new Command("admin")
    .description(
      "For operators: organizations, kubes, pools, prices, commitments, reservation plans, savings, rebalance plans, machines, packing, placement, audit. Takes an " +
        "operator's key.",
    )
    .addCommand(
      new Command("organization")
        .description("Tenants: their quotas, and whether their keys open anything")
        .addCommand(listOrganizations(berth))
        .addCommand(getOrganization(berth))
        .addCommand(createOrganization(berth))
        .addCommand(updateOrganization(berth))
        .addCommand(suspendOrganization(berth))
        .addCommand(resumeOrganization(berth)),
    )
    .addCommand(
      new Command("kube")
        .description("Kubernetes clusters that we place into")
        .addCommand(registerKube(berth))
        .addCommand(listKubes(berth))
        .addCommand(getKube(berth)),
    )
    .addCommand(
      new Command("pool")
        .description("Sets of machines with one policy")
        .addCommand(createPool(berth))
        .addCommand(listPools(berth))
        .addCommand(getPool(berth))
        .addCommand(updatePool(berth)),
    )
    .addCommand(
      new Command("price-book")
        .description("What machine types cost, import by import and reading by reading")
        .addCommand(importPriceBook(berth))
        .addCommand(listPriceBooks(berth))
        .addCommand(getPriceBook(berth))
        .addCommand(readPrices(berth))
        .addCommand(listReadings(berth))
        .addCommand(getReading(berth)),
    )
    .addCommand(
      new Command("commitment")
        .description("What was bought for a term: reserved instances and savings plans")
        .addCommand(registerCommitment(berth))
        .addCommand(importCommitments(berth))
        .addCommand(listCommitments(berth))
        .addCommand(getCommitment(berth))
        .addCommand(deleteCommitment(berth))
        .addCommand(showCommitmentUsage(berth))
        .addCommand(listExpiries(berth)),
    )
    .addCommand(
      new Command("rebalance")
        .description("Moves that make pools cheaper than they cost: plans to read, approve, pause and cancel")
        .addCommand(listRebalancePlans(berth))
        .addCommand(getRebalancePlan(berth))
        .addCommand(createRebalancePlan(berth))
        .addCommand(actOnRebalancePlan(berth, "approve"))
        .addCommand(actOnRebalancePlan(berth, "pause"))
        .addCommand(actOnRebalancePlan(berth, "resume"))
        .addCommand(actOnRebalancePlan(berth, "cancel")),
    )
    .addCommand(
      new Command("machine")
        .description("Cloud machines and what sits on them")
        .addCommand(listMachines(berth))
        .addCommand(getMachine(berth)),
    )
    .addCommand(
      new Command("placement")
        .description("Which instance sits on which node, and why")
        .addCommand(listPlacements(berth))
        .addCommand(explainPlacement(berth)),
    )
    .addCommand(reservationPlan(berth))
    .addCommand(reservationPurchase(berth))
    .addCommand(showSavings(berth))
    .addCommand(showPacking(berth))
    .addCommand(topMachines(berth))
    .addCommand(forecastCapacity(berth))
    .addCommand(explainInstance(berth))
    .addCommand(simulate(berth))
    .addCommand(drawDensityCurve(berth))
    .addCommand(coldPlan(berth))
    .addCommand(study(berth))
    .addCommand(
      new Command("audit").description("Who changed what, in all organizations").addCommand(listAuditOfAll(berth)),
    );

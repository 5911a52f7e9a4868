import { text } from "node:stream/consumers";
import { RESERVATION_PLAN_FILES, RESERVATION_PLAN_STATES, type ReservationPlanDetail } from "@berth/contract";
import { Command, Option } from "@commander-js/extra-typings";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { Failure } from "../../../failure.ts";
import { printList, printThing } from "../../../output/print.ts";
import type { Berth } from "../../../program.ts";
import type { Session } from "../../../session.ts";
import { lookUntilDone } from "../../../watch/looks.ts";
import { collect, DEFAULT_LIMIT } from "../../collect.ts";
import { durationMs, wholeNumber } from "../../parse.ts";
import { writeText } from "../../write-text.ts";
import { describeReservationPlan, RESERVATION_PLANS } from "./view.ts";

const TIMEOUT_MS = 10 * 60_000;

const create = (berth: Berth) =>
  new Command("create")
    .description("Plan what to commit to, of the machines that ran and the rates that hold; nothing is bought by it")
    .option("--timeout <time>", "stop waiting for it after so long, as 10m", durationMs)
    .action(async ({ timeout }, command) => {
      const session = berth.session(command);
      const { id } = (await (await session.client()).createReservationPlan()).body;
      const plan = await untilMade(session, id, timeout ?? TIMEOUT_MS);
      await printThing(session, plan, describeReservationPlan);
      if (plan.state === "failed") {
        throw new Failure(EXIT_CODES.failure, `${plan.failure?.code}: ${plan.failure?.message}`);
      }
      session.note(`Next: berth admin reservation-plan approve ${id}, or reject ${id} --reason TEXT`);
    });

async function untilMade(session: Session, id: string, timeoutMs: number): Promise<ReservationPlanDetail> {
  const client = await session.client();
  let plan: ReservationPlanDetail | undefined;
  const end = await lookUntilDone({ everyMs: 500, timeoutMs, signal: session.io.interrupted }, async () => {
    plan = (await client.getReservationPlan({ params: { reservation_plan_id: id } })).body;
    return plan.state !== "queued" && plan.state !== "planning";
  });
  if (end === "done" && plan !== undefined) return plan;
  throw new Failure(end === "interrupted" ? EXIT_CODES.interrupted : EXIT_CODES.waitTimedOut, `${id} is not made yet`, {
    hint: `It is asked for all the same. See: berth admin reservation-plan get ${id}`,
  });
}

const list = (berth: Berth) =>
  new Command("list")
    .alias("ls")
    .description("List reservation plans, the newest first")
    .addOption(new Option("--state <state>", "only in this state").choices(RESERVATION_PLAN_STATES))
    .option("--limit <n>", "at most so many", wholeNumber, DEFAULT_LIMIT)
    .action(async ({ limit, state }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const page = await collect(limit, (query) => client.listReservationPlans({ query: { ...query, state } }));
      await printList(session, page, RESERVATION_PLANS);
    });

const get = (berth: Berth) =>
  new Command("get")
    .description("Show one reservation plan: what to buy, when, and why")
    .argument("<reservation-plan>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const { body } = await (await session.client()).getReservationPlan({ params: { reservation_plan_id: id } });
      await printThing(session, body, describeReservationPlan);
    });

const approve = (berth: Berth) =>
  new Command("approve")
    .description("Say that a proposed plan may be bought; nothing is bought by this")
    .argument("<reservation-plan>", "id")
    .action(async (id, _, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const params = { reservation_plan_id: id };
      if (session.mayAsk) {
        await session.confirm(`${describeReservationPlan((await client.getReservationPlan({ params })).body)}Approve?`);
      }
      const { body } = await client.approveReservationPlan({ params });
      await printThing(session, body, (plan) => `${plan.id} is ${plan.state}.\n`);
    });

const reject = (berth: Berth) =>
  new Command("reject")
    .description("Refuse a proposed plan, and say why")
    .argument("<reservation-plan>", "id")
    .requiredOption("--reason <text>", "for whoever reads it later")
    .action(async (id, { reason }, command) => {
      const session = berth.session(command);
      const params = { reservation_plan_id: id };
      const { body } = await (await session.client()).rejectReservationPlan({ params, body: { reason } });
      await printThing(session, body, (plan) => `${plan.id} is ${plan.state}: ${plan.reason}\n`);
    });

const exportPlan = (berth: Berth) =>
  new Command("export")
    .description("Write what a plan says, or what it was made of, to standard output or a file")
    .argument("<reservation-plan>", "id")
    .addOption(
      new Option("--file <format>", "case: what it was made of; plan: what it says")
        .choices(Object.keys(RESERVATION_PLAN_FILES) as (keyof typeof RESERVATION_PLAN_FILES)[])
        .default("plan" as const),
    )
    .option("--out <path>", "write it there")
    .action(async (id, { file, out }, command) => {
      const session = berth.session(command);
      const client = await session.client();
      const request = { params: { reservation_plan_id: id }, query: { format: file }, signal: session.io.interrupted };
      await writeText(session, await text(client.download.getReservationPlanFile(request)), out);
      if (file === "case") session.note("Plan it again without us: npm run plan -w packages/planner -- case.json");
    });

export const reservationPlan = (berth: Berth) =>
  new Command("reservation-plan")
    .description("What to commit to: plans to read, approve, reject and export")
    .addCommand(create(berth))
    .addCommand(list(berth))
    .addCommand(get(berth))
    .addCommand(approve(berth))
    .addCommand(reject(berth))
    .addCommand(exportPlan(berth));

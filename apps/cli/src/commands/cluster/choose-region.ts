import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure, usageFailure } from "../../failure.ts";
import type { Session } from "../../session.ts";

/** The only region that is open, or the one that a person picks; without a person, several are a question too many. */
export async function chooseRegion(session: Session): Promise<string> {
  const client = await session.client();
  const regions = (await client.listRegions()).body.data;
  const [only, another] = regions;
  if (only === undefined) {
    throw new Failure(EXIT_CODES.failure, "no region is open: no kube with zones is registered", {
      hint: "An operator registers one with: berth admin kube register",
    });
  }
  if (another === undefined) return only.name;
  if (!session.mayAsk) {
    throw usageFailure("several regions are open", `Add --region: ${regions.map(({ name }) => name).join(", ")}.`);
  }
  const { isCancel, select } = await import("@clack/prompts");
  const choice = await select({
    message: "Region",
    options: regions.map(({ name, zones }) => ({ value: name, label: name, hint: `${zones.length} zones` })),
    output: process.stderr,
  });
  if (isCancel(choice)) throw usageFailure("no region; nothing was done");
  return choice;
}

import type { Region } from "@berth/contract";
import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure, usageFailure } from "../../failure.ts";
import { askChoice } from "../../prompts.ts";
import type { Session } from "../../session.ts";

/** The only region that is open, or the one that a person picks; without a person, several are a question too many. */
export async function chooseRegion(session: Session): Promise<Region> {
  const client = await session.client();
  const regions = (await client.listRegions()).body.data;
  const [only, another] = regions;
  if (only === undefined) {
    throw new Failure(EXIT_CODES.failure, "no region is open: no kube with zones is registered", {
      hint: "An operator registers one with: berth admin kube register",
    });
  }
  if (another === undefined) return only;
  if (!session.mayAsk) {
    throw usageFailure("several regions are open", `Add --region: ${regions.map(({ name }) => name).join(", ")}.`);
  }
  const options = regions.map((one) => ({ value: one, label: `${one.name} (${one.zones.length} zones)` }));
  return askChoice(session, "Region", options);
}

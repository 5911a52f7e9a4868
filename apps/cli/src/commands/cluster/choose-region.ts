import { EXIT_CODES } from "../../exit-codes.ts";
import { Failure, usageFailure } from "../../failure.ts";
import { askChoice } from "../../prompts.ts";
import type { Session } from "../../session.ts";

interface ChosenRegion {
  readonly name: string;
  /** Whether a person was asked. */
  readonly wasAsked: boolean;
}

/** The only region that is open, or the one that a person picks; without a person, several are a question too many. */
export async function chooseRegion(session: Session): Promise<ChosenRegion> {
  const client = await session.client();
  const regions = (await client.listRegions()).body.data;
  const [only, another] = regions;
  if (only === undefined) {
    throw new Failure(EXIT_CODES.failure, "no region is open: no kube with zones is registered", {
      hint: "An operator registers one with: berth admin kube register",
    });
  }
  if (another === undefined) return { name: only.name, wasAsked: false };
  if (!session.mayAsk) {
    throw usageFailure("several regions are open", `Add --region: ${regions.map(({ name }) => name).join(", ")}.`);
  }
  const options = regions.map((one) => ({ value: one.name, label: `${one.name} (${one.zones.length} zones)` }));
  return { name: await askChoice(session, "Region", options), wasAsked: true };
}

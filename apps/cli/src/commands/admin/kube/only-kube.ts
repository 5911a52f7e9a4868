import { usageFailure } from "../../../failure.ts";
import type { Session } from "../../../session.ts";

/** The kube to act on where none is named: there must be one alone. */
export async function onlyKube(session: Session): Promise<string> {
  const { data } = (await (await session.client()).listKubes({ query: { limit: 2 } })).body;
  const [kube, another] = data;
  if (kube === undefined) throw usageFailure("there is no kube", "Register one: berth admin kube register");
  if (another !== undefined)
    throw usageFailure("there are several kubes", "Name one with --kube: berth admin kube list");
  return kube.id;
}

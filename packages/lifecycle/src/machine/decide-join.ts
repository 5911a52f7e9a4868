import type { Guard } from "@berth/domain";
import type { DesiredMachine, JoinRequest, MachineAction, ObservedKube } from "./types.ts";

/**
 * Which request for a node's certificate is approved: of one launch at most one that can lead to a certificate.
 *
 * A certificate cannot be taken back, and whoever read the user data before the machine joined can ask as well as the
 * machine. So the request is recorded with its launch before it is approved, and while it may have a certificate, or may
 * still get one, no other is approved. A request that is approved already, by whomever, counts as the recorded one.
 *
 * A kubelet that has to ask anew still joins. The record is free again once its request can never have led to a
 * certificate: it was denied or failed, or it is gone while nobody saw a certificate in it. Only administrators and the
 * garbage collector delete requests (a token may not), and the collector leaves approved ones an hour, four times what a
 * machine may take to join. A request that waits is then approved in its place; of several the newest: a kubelet that
 * started anew asks with a new key and has forgotten the one before. A kubelet that loses its key after its certificate was
 * issued does not join; its machine is given up at the join timeout.
 *
 * Once the Node is registered nobody joins any more.
 */
export function decideJoin(
  desired: DesiredMachine,
  observed: ObservedKube,
): { readonly actions: MachineAction[]; readonly guards: Omit<Guard, "since">[] } {
  const recorded = desired.launch?.approvedRequest;
  const { requests } = observed;
  const approved = requests.find((one) => one.state === "issued") ?? requests.find((one) => one.state === "approved");
  const waiting = requests.filter((one) => one.state === "pending" && one.verdict.approve);
  const recordedOne = requests.find((one) => one.uid === recorded?.uid);
  const isFree =
    approved === undefined && recorded?.issued !== true && (recordedOne === undefined || recordedOne.state === "ended");

  const actions: MachineAction[] = [];
  let chosen: JoinRequest | undefined;
  if (observed.node === undefined) {
    if (approved !== undefined) {
      const issued = approved.state === "issued";
      const { name, uid } = approved;
      if (recorded?.uid !== uid || recorded.issued !== issued) actions.push({ kind: "record_join", name, uid, issued });
    } else {
      chosen = isFree ? newest(waiting) : waiting.find((one) => one === recordedOne);
      if (chosen !== undefined) actions.push({ kind: "approve_join", name: chosen.name, uid: chosen.uid });
    }
  }
  const guards = requests.flatMap((request) => {
    if (request.state !== "pending" || request === chosen) return [];
    const because =
      observed.node !== undefined
        ? "the machine has joined already"
        : request.verdict.approve
          ? "another request of this launch was approved"
          : request.verdict.because;
    return [{ name: "join_refused", subject: request.name, hint: because }];
  });
  return { actions, guards };
}

function newest(requests: readonly JoinRequest[]): JoinRequest | undefined {
  return [...requests].sort((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1))[0];
}

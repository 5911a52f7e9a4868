import type { CreatePackingStudyBody, PackingStudy } from "@berth/contract";
import { EXIT_CODES } from "../../../exit-codes.ts";
import { Failure } from "../../../failure.ts";
import { openProgressLine } from "../../../output/progress-line.ts";
import type { Session } from "../../../session.ts";
import { lookUntilDone } from "../../../watch/looks.ts";
import { onlyKube } from "../kube/only-kube.ts";

const EVERY_MS = 1000;

type WithoutKube<T> = T extends unknown ? Omit<T, "kube_id"> : never;

/** Asks for a study and waits for its end. Of the only kube, where none is named. */
export async function makeStudy(
  session: Session,
  kube: string | undefined,
  body: WithoutKube<CreatePackingStudyBody>,
  timeoutMs: number | undefined,
): Promise<PackingStudy> {
  return followStudy(session, await askForStudy(session, kube, body), timeoutMs);
}

export async function askForStudy(
  session: Session,
  kube: string | undefined,
  body: WithoutKube<CreatePackingStudyBody>,
): Promise<PackingStudy> {
  const client = await session.client();
  const kube_id = kube ?? (await onlyKube(session));
  return (await client.createPackingStudy({ body: { ...body, kube_id } as CreatePackingStudyBody })).body;
}

/**
 * Shows how far a study has come until it ends, and gives it. Ctrl-C and the timeout leave it alone, and say how to come
 * back to it; one that failed is a failure with code 7.
 */
export async function followStudy(
  session: Session,
  asked: PackingStudy,
  timeoutMs: number | undefined,
): Promise<PackingStudy> {
  const client = await session.client();
  const params = { packing_study_id: asked.id };
  const line = openProgressLine(session.io);
  let study = asked;
  const startedAt = performance.now();
  try {
    const { interrupted } = session.io;
    const end = await lookUntilDone({ everyMs: EVERY_MS, timeoutMs, signal: interrupted }, async () => {
      study = (await client.getPackingStudy({ params, signal: interrupted })).body;
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      line.update(`${study.progress.percent}% ${study.progress.step ?? study.state}, ${seconds} s`);
      return study.state === "succeeded" || study.state === "failed";
    });
    if (end !== "done") throw notEnded(study, end, timeoutMs);
  } finally {
    line.end();
  }
  if (study.state === "failed") throw failed(study);
  return study;
}

function notEnded({ id }: PackingStudy, end: "timed_out" | "interrupted", timeoutMs: number | undefined): Failure {
  const hint = `It goes on. Look again with: berth admin study get ${id}`;
  return end === "interrupted"
    ? new Failure(EXIT_CODES.interrupted, "stopped waiting", { hint })
    : new Failure(EXIT_CODES.waitTimedOut, `not done after ${(timeoutMs ?? 0) / 1000} s`, { hint });
}

function failed({ id, kind, failure }: PackingStudy): Failure {
  const detail = failure?.message ?? "";
  return new Failure(EXIT_CODES.operationFailed, `the ${kind.replace("_", " ")} failed: ${detail}`, {
    hint: `Details: berth admin study get ${id} -o json`,
    problem: { type: "about:blank", title: `The ${kind} failed`, detail, code: failure?.code ?? "failed", id },
  });
}

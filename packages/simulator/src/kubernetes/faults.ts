import { ApiError } from "./api-error.ts";
import type { Between, Identity } from "./identity.ts";
import type { Target } from "./request.ts";

/** Which requests a fault hits; what is left out matches everything. */
export interface RequestMatch {
  readonly verbs?: readonly Verb[];
  /** Plural names: `pods`. */
  readonly resources?: readonly string[];
  readonly namespace?: string;
  readonly username?: string;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface Refusal {
  readonly code: 409 | 429 | 500 | 503;
  readonly match?: RequestMatch;
  /** How many requests are refused; left out, all until the faults are cleared. */
  readonly times?: number;
  /** Chance of each matching request to be refused; 1 when left out. */
  readonly probability?: number;
  readonly retryAfterSeconds?: number;
}

export interface FaultState {
  refusals: (Refusal & { left: number | null })[];
  lostAnswers: { match: RequestMatch; left: number }[];
  emptyLists: { match: RequestMatch; left: number }[];
  latencyMs: Between | null;
  /** Lists are answered as of this revision. */
  staleRevision: number | null;
  /** Draws made so far. */
  draws: number;
}

export const noFaults = (): FaultState => ({
  refusals: [],
  lostAnswers: [],
  emptyLists: [],
  latencyMs: null,
  staleRevision: null,
  draws: 0,
});

export interface RequestFacts {
  readonly verb: Verb;
  readonly target: Target;
  readonly username: string;
}

/** Chances and counters behind the switches. The model's own controllers never meet them: they are inside the server. */
export class Faults {
  private readonly identity: Identity;
  state: FaultState = noFaults();

  constructor(identity: Identity) {
    this.identity = identity;
  }

  latencyMs(): number {
    const { latencyMs } = this.state;
    return latencyMs === null ? 0 : this.identity.between(latencyMs, this.nextDraw());
  }

  /** Throws the refusal that this request meets, if any. */
  refuse(facts: RequestFacts): void {
    for (const refusal of this.state.refusals) {
      if (refusal.left === 0 || !matches(refusal.match ?? {}, facts)) continue;
      const chance = refusal.probability ?? 1;
      if (chance < 1 && this.identity.random(this.nextDraw()).next() >= chance) continue;
      if (refusal.left !== null) refusal.left -= 1;
      throw refusalError(refusal, facts);
    }
  }

  losesAnswer(facts: RequestFacts): boolean {
    return takeOne(this.state.lostAnswers, facts);
  }

  answersEmpty(facts: RequestFacts): boolean {
    return takeOne(this.state.emptyLists, facts);
  }

  private nextDraw(): string {
    this.state.draws += 1;
    return `fault/${this.state.draws}`;
  }
}

function takeOne(switches: { match: RequestMatch; left: number }[], facts: RequestFacts): boolean {
  const hit = switches.find((each) => each.left > 0 && matches(each.match, facts));
  if (hit === undefined) return false;
  hit.left -= 1;
  return true;
}

function matches(match: RequestMatch, facts: RequestFacts): boolean {
  return (
    (match.verbs?.includes(facts.verb) ?? true) &&
    (match.resources?.includes(facts.target.plural) ?? true) &&
    (match.namespace === undefined || match.namespace === facts.target.namespace) &&
    (match.username === undefined || match.username === facts.username)
  );
}

function refusalError(refusal: Refusal, { target }: RequestFacts): ApiError {
  const seconds = refusal.retryAfterSeconds ?? 1;
  switch (refusal.code) {
    case 409: {
      const message = `Operation cannot be fulfilled on ${target.plural} "${target.name ?? ""}": the object has been modified; please apply your changes to the latest version and try again`;
      return new ApiError(409, "Conflict", message, {
        kind: target.plural,
        ...(target.name === undefined ? {} : { name: target.name }),
      });
    }
    case 429:
      return new ApiError(429, "TooManyRequests", "Too many requests, please try again later.", {
        retryAfterSeconds: seconds,
      });
    case 503:
      return new ApiError(503, "ServiceUnavailable", "apiserver is shutting down", {});
    case 500:
      return new ApiError(500, "InternalError", "Internal error occurred: etcdserver: request timed out", {
        causes: [{ reason: "", message: "etcdserver: request timed out" }],
      });
  }
}

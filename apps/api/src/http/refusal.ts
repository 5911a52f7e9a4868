import type { Fault, Problem, ProblemCode } from "@berth/contract";
import { err } from "@berth/domain";

/** An expected refusal of a use case: a code of the catalogue, a sentence, and what belongs to it. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly Fault[];
  readonly extra?: Partial<
    Pick<Problem, "required_permissions" | "operation_id" | "quota" | "limit" | "used" | "requested" | "spend">
  >;
}

/** A refusal as the result of a use case. */
export function refuse(code: ProblemCode, detail: string, more: Omit<Refusal, "code" | "detail"> = {}) {
  return err<Refusal>({ code, detail, ...more });
}

/** One fault of the body, at a JSON pointer. */
export function refuseField(pointer: string, code: string, detail: string) {
  return refuse("validation_failed", detail, { errors: [{ pointer, code, detail }] });
}

/** If-Match named a version that is no more. */
export function changedMeanwhile(what: string) {
  return refuse("precondition_failed", `Somebody changed the ${what} since the version in If-Match. Read it again.`);
}

/** The same words whether it never was, is another tenant's, or the id is not one at all. */
export const NOT_FOUND: Refusal = { code: "not_found", detail: "There is no such thing, or it is not yours." };

/** A refusal thrown: for the layers that have no result to return. */
export class RefusalError extends Error {
  override readonly name = "RefusalError";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

import type { Problem, ProblemCode } from "@berth/contract";

/** The API refused. `problem` is its body, unchanged. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  is(code: ProblemCode): boolean {
    return this.problem.code === code;
  }
}

/** No answer came, or one that is not the API's: a wrong address, a proxy, a broken connection. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly url: string;

  constructor(url: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.url = url;
  }
}

/**
 * A refusal as the EC2 Query protocol gives it.
 *
 * Codes, statuses and the gist of the messages follow "Error codes for the Amazon EC2 API" (AWS, read 2026-11).
 */
export class Ec2Error extends Error {
  readonly code: string;
  readonly httpStatus: number;

  constructor(code: string, message: string, httpStatus = 400) {
    super(message);
    this.name = "Ec2Error";
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** The effect happened, the answer never came: the caller knows nothing, as when a connection breaks after the send. */
export class Ec2AnswerLost extends Error {
  constructor(action: string) {
    super(`the connection closed before the answer to ${action} came`);
    this.name = "Ec2AnswerLost";
  }
}

import { type FastifyReply, type FastifyRequest, LogController } from "fastify";

/** One line of the log for each request, when it was answered: two would be a fifth of what a short request costs. */
export class OneLineARequest extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { method, url, ip, log } = request;
    const facts = { method, url, ip, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    if (error) log.error({ ...facts, err: error }, "failed");
    else log.info(facts, "answered");
  }
}

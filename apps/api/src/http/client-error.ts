import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { PROBLEM_MEDIA_TYPE } from "@berth/contract";
import { problemOf } from "./problem.ts";
import type { Refusal } from "./refusal.ts";

/** Errors of Node's HTTP parser, which come before any request is there (https://nodejs.org/api/http.html, clientError). */
const PARSER_CODES: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { code: "header_fields_too_large", detail: "The headers have at most 16 KiB together." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: "payload_too_large", detail: "The chunk extensions are too large." },
  ERR_HTTP_REQUEST_TIMEOUT: { code: "request_timeout", detail: "The request did not arrive in time." },
};
const BAD_REQUEST: Refusal = { code: "bad_request", detail: "That is not well-formed HTTP/1.1." };

/** Answers what is no request with a problem too, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = problemOf(PARSER_CODES[error.code ?? ""] ?? BAD_REQUEST, requestId);
  const body = JSON.stringify(problem);
  socket.write(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      `Content-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Not ended alone: what still came would be read on, and a request that was refused as late be carried out after all.
  socket.destroySoon();
}

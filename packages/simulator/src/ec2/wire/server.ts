import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Ec2AnswerLost, Ec2Error } from "../error.ts";
import type { Ec2Model, MachineType } from "../model.ts";
import { ACTIONS, type ActionContext } from "./actions.ts";
import { parseForm } from "./form.ts";
import { jsonActionOf, jsonError } from "./price-actions.ts";
import { type AccessKey, checkSignature } from "./signature.ts";
import { xmlAnswer, xmlError } from "./xml.ts";

/** The key that a simulated account accepts unless told otherwise; it opens nothing else. */
export const SIMULATED_ACCESS_KEY: AccessKey = {
  accessKeyId: "AKIASIMULATEDBERTH00",
  secretAccessKey: "simulated-secret-access-key-of-berth",
};

export interface Ec2ServerOptions {
  readonly model: Ec2Model;
  /** 0 or nothing lets the system choose. Always on 127.0.0.1. */
  readonly port?: number;
  readonly accessKeys?: readonly AccessKey[];
  readonly now?: () => number;
}

export interface Ec2Server {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1 << 20;

/**
 * The EC2 Query protocol over HTTP on loopback: form POSTs in, XML out, signatures checked. Beside it the calls that read
 * prices, of services of their own at AWS, which speak JSON.
 *
 * Every answer carries `X-Berth-Simulated: true`, so that nobody takes it for AWS.
 */
export async function startEc2Server(options: Ec2ServerOptions): Promise<Ec2Server> {
  const { model } = options;
  const keys = options.accessKeys ?? [SIMULATED_ACCESS_KEY];
  const context: ActionContext = { model, types: typeTable(model), now: options.now ?? Date.now };
  let requests = 0;

  const server = createServer((request, response) => {
    const requestId = `00000000-0000-4000-8000-${(++requests).toString(16).padStart(12, "0")}`;
    const isJson = jsonActionOf(request) !== undefined;
    answer(context, keys, request, requestId)
      .then((body) => send(response, 200, requestId, { isJson, body }))
      .catch((error: unknown) => refuse(response, requestId, isJson, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  context: ActionContext,
  keys: readonly AccessKey[],
  request: IncomingMessage,
  requestId: string,
): Promise<string> {
  const body = await readBody(request);
  const { method = "", url = "/", headers } = request;
  if (method !== "POST") throw new Ec2Error("UnsupportedProtocol", "The simulated EC2 takes form POSTs alone");
  checkSignature({ method, url, headers, body }, keys);
  const jsonAction = jsonActionOf(request);
  if (jsonAction !== undefined) return JSON.stringify(jsonAction(context.model, JSON.parse(body || "{}")));
  const form = parseForm(body);
  const name = form.required("Action");
  const action = ACTIONS[name];
  if (action === undefined)
    throw new Ec2Error("InvalidAction", `The action ${name} is not valid for this web service.`);
  return xmlAnswer(name, requestId, action(context, form));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Ec2Error("RequestEntityTooLarge", "The request is too large", 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function refuse(response: ServerResponse, requestId: string, isJson: boolean, error: unknown): void {
  if (error instanceof Ec2AnswerLost) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof Ec2Error
      ? error
      : new Ec2Error("InternalError", error instanceof Error ? (error.stack ?? error.message) : String(error), 500);
  const { code, message, httpStatus } = refusal;
  const body = isJson ? jsonError(code, message) : xmlError(code, message, requestId);
  send(response, httpStatus, requestId, { isJson, body });
}

function send(
  response: ServerResponse,
  status: number,
  requestId: string,
  { isJson, body }: { readonly isJson: boolean; readonly body: string },
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    "content-type": isJson ? "application/x-amz-json-1.1" : "text/xml;charset=UTF-8",
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": requestId,
    "x-berth-simulated": "true",
  });
  response.end(body);
}

/** Types do not change while a model lives; the lookup is outside the calls that throttling counts. */
function typeTable(model: Ec2Model): ReadonlyMap<string, MachineType> {
  return new Map(model.machineTypes().map((type) => [type.name, type]));
}

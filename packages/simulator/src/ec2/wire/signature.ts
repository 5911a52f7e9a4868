import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Ec2Error } from "../error.ts";

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/**
 * Checks an AWS Signature Version 4, so that a wrong secret is found here and not only in production.
 *
 * Refuses as EC2 does: MissingAuthenticationToken without a signature, AuthFailure (401) for an unknown key and for a
 * signature that does not fit. What a known key may not do is UnauthorizedOperation, which the model decides.
 */
export function checkSignature(
  request: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  },
  keys: readonly AccessKey[],
): void {
  const header = request.headers.authorization ?? "";
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(header);
  if (parts === null) {
    throw new Ec2Error("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
  }
  const [, credential = "", signedHeaders = "", signature = ""] = parts;
  const [accessKeyId, date = "", region = "", service = ""] = credential.split("/");
  const key = keys.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (key === undefined) throw authFailure();

  const [path = "/", query = ""] = request.url.split("?");
  const headers = signedHeaders.split(";").map((name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`);
  const canonical = [request.method, path, query, headers.join(""), signedHeaders, sha256(request.body)].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"] ?? "", scope, sha256(canonical)].join("\n");
  const signingKey = [date, region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${key.secretAccessKey}`,
  );
  const expected = hmac(signingKey, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) throw authFailure();
}

function authFailure(): Ec2Error {
  return new Ec2Error("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
}

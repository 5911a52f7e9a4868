import { TextDecoder } from "node:util";
import type { FastifyInstance } from "fastify";
import { type Refusal, RefusalError } from "./refusal.ts";
import { findJsonFault, type JsonFault, type JsonLimits } from "./scan-json.ts";

export const MAX_BODY_BYTES = 256 * 1024;
/**
 * Zod checks and reports every key of a map before anything counts them, at about 30 us each if it is wrong: 26,000 wrong
 * labels took 744 ms of everybody's time (2026-11-28). So they are counted before. The widest list of the contract has 100
 * entries, a change of labels 128 (64 set, 64 others removed), and an estimate of 20 clusters of 20 components each, with
 * all their labels, under 10,000 members.
 */
export const JSON_LIMITS: JsonLimits = { depth: 32, members: 128, allMembers: 10_000 };

/** Just JSON in UTF-8, written like that. Looser matching of media types has been a way round validation four times. */
const MEDIA_TYPE = /^application\/json(?:;\s?charset=utf-8)?$/i;
/** RFC 7396: what every PATCH is. */
const PATCH_MEDIA_TYPE = /^application\/(?:merge-patch\+)?json(?:;\s?charset=utf-8)?$/i;

/** Reads bodies: application/json alone, of a PATCH application/merge-patch+json too; valid UTF-8, no key twice, and within JSON_LIMITS. */
export function useJsonBodies(app: FastifyInstance): void {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", "application/merge-patch+json"],
    { parseAs: "buffer" },
    (request, body: Buffer, done) => {
      try {
        const mediaType = request.method === "PATCH" ? PATCH_MEDIA_TYPE : MEDIA_TYPE;
        if (!mediaType.test(request.headers["content-type"] ?? "")) {
          throw new RefusalError({ code: "unsupported_media_type", detail: "Send the body as application/json." });
        }
        // Read as it is, it would be another body than the one that was meant.
        if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
          throw new RefusalError({
            code: "unsupported_media_type",
            detail: "Send the body without a Content-Encoding.",
          });
        }
        done(null, parsed(decoder, body));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
}

function parsed(decoder: TextDecoder, body: Buffer): unknown {
  try {
    const text = decoder.decode(body);
    const fault = findJsonFault(text, JSON_LIMITS);
    if (fault !== undefined) throw new RefusalError(refusalOfFault(fault));
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    const detail = body.length === 0 ? "The body is empty." : "The body is not JSON in UTF-8.";
    throw new RefusalError({ code: "malformed_json", detail } satisfies Refusal);
  }
}

function refusalOfFault({ kind, pointer, detail }: JsonFault): Refusal {
  if (kind !== "too_many_members") return { code: "malformed_json", detail };
  return {
    code: "payload_too_large",
    detail: `${pointer || "The body"}: ${detail}`,
    errors: [{ pointer, code: kind, detail }],
  };
}

import { TextDecoder } from "node:util";
import type { FastifyInstance } from "fastify";
import { type Refusal, RefusalError } from "./refusal.ts";
import { findJsonFault } from "./scan-json.ts";

export const MAX_BODY_BYTES = 256 * 1024;
const MAX_DEPTH = 32;

/** Just JSON in UTF-8, written like that. Looser matching of media types has been a way round validation four times. */
const MEDIA_TYPE = /^application\/json(?:;\s?charset=utf-8)?$/i;
/** RFC 7396: what every PATCH is. */
const PATCH_MEDIA_TYPE = /^application\/(?:merge-patch\+)?json(?:;\s?charset=utf-8)?$/i;

/** Reads bodies: application/json alone, of a PATCH application/merge-patch+json too; valid UTF-8, no key twice, at most 32 levels deep. */
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
    const fault = findJsonFault(text, MAX_DEPTH);
    if (fault !== undefined) throw new RefusalError({ code: "malformed_json", detail: fault.detail });
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    const detail = body.length === 0 ? "The body is empty." : "The body is not JSON in UTF-8.";
    throw new RefusalError({ code: "malformed_json", detail } satisfies Refusal);
  }
}

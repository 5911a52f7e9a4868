import type { CreateClusterBody } from "@berth/contract";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { usageFailure } from "../../failure.ts";
import { byteCount, wholeNumber } from "../parse.ts";

type Component = NonNullable<CreateClusterBody["components"]>[number];

const FIELDS = ["name", "roles", "size", "instances", "zones", "storage"] as const;

/** Reads `--component name=data,roles=data+ingest,size=8g,instances=3,zones=3,storage=1t`, once for each component. */
export function readComponents(specs: readonly string[] | undefined): Component[] | undefined {
  return specs?.map((spec) => {
    const fields = new Map<string, string>();
    for (const part of spec.split(",")) {
      const [key = "", ...rest] = part.split("=");
      if (!(FIELDS as readonly string[]).includes(key) || rest.length === 0) {
        throw usageFailure(`--component ${spec}: what is ${part}?`, `Its fields: ${FIELDS.join(", ")}.`);
      }
      fields.set(key, rest.join("="));
    }
    const read = <T>(field: (typeof FIELDS)[number], reader: (text: string) => T): T => {
      const text = fields.get(field);
      if (text === undefined) throw usageFailure(`--component ${spec}: ${field} is missing`);
      try {
        return reader(text);
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        throw usageFailure(`--component ${spec}: ${field}=${text}: ${error.message}`);
      }
    };
    return {
      name: read("name", (text) => text),
      size: read("size", (text) => text),
      instances: read("instances", wholeNumber),
      // Which words are roles is the server's to say: it names the wrong one and knows more of them than we do.
      ...(fields.has("roles") ? { roles: read("roles", (text) => text.split("+")) as Component["roles"] & {} } : {}),
      ...(fields.has("zones") ? { zones: read("zones", wholeNumber) } : {}),
      ...(fields.has("storage") ? { storage_bytes: read("storage", byteCount) } : {}),
    };
  });
}

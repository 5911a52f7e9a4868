import {
  HOURS_PER_MONTH,
  ID_PREFIXES,
  type IdKind,
  isEmailAddress,
  isPrintable,
  microUsdFromAmount,
} from "@berth/domain";
import { z } from "zod";

export const MEBIBYTE = 1024 * 1024;
export const GIBIBYTE = 1024 * MEBIBYTE;

/** Instant in UTC, RFC 3339. */
export const timestamp = z.iso
  .datetime()
  .meta({ description: "UTC, RFC 3339.", examples: ["2026-11-02T09:30:00.000Z"] });

/** The id that stands for one of a kind in every example of the document. */
export const idExample = (kind: IdKind) => `${ID_PREFIXES[kind]}_01jd0v6m3pf8tb2k7n5xq4w9ze`;

/** An id of one kind in an answer. */
export function idField(kind: IdKind) {
  return z.string().meta({ examples: [idExample(kind)] });
}

/** An id of one kind in a request: a malformed one is a fault of a body or query; in a path it is answered like an unknown one. */
export function idInput(kind: IdKind) {
  return z
    .string()
    .regex(
      new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `An id that begins with ${ID_PREFIXES[kind]}_.`,
    )
    .meta({ description: `Id: \`${ID_PREFIXES[kind]}_…\`.`, examples: [idExample(kind)] });
}

/** Decimal string with twelve places, never a float. */
export const money = z
  .object({
    amount: z.string().meta({ examples: ["0.528000000000"] }),
    currency: z.literal("USD"),
  })
  .meta({ id: "Money", description: "A decimal string with twelve places: binary floats cannot hold prices." });

/** An amount of money in a request. We count millionths of a dollar: what we answer can be sent back as it is. */
export const moneyInput = z
  .strictObject({
    amount: z
      .string()
      .refine(
        (text) => microUsdFromAmount(text) !== undefined,
        "A decimal number of at most nine digits, and six after the point.",
      )
      .meta({ examples: ["12.50"] }),
    currency: z.literal("USD"),
  })
  .meta({ description: "A decimal string: binary floats cannot hold prices." });

/** The price of a month in which nothing changes. */
export const pricePerMonth = money.meta({
  description: `Of ${HOURS_PER_MONTH} hours, the twelfth of a year; what is charged is hours.`,
});

/** Names that people give: no control characters, no leading or trailing space, so that they show as they are. */
export const nameInput = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$/,
    "1 to 63 letters, digits, spaces, dots, underscores and dashes, a letter or digit at both ends.",
  )
  .meta({ examples: ["search production"] });

/** An e-mail address; what surrounds it and its case do not count. */
export const emailInput = z
  .string()
  .max(320)
  .trim()
  .refine(isEmailAddress, "An e-mail address, as ada@example.com.")
  .toLowerCase()
  .meta({ examples: ["ada@example.com"] });

/** What a person is called, in any script. */
export const personNameInput = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isPrintable, "A name without control characters.")
  .meta({ examples: ["Ada Lovelace"] });

/** What an organization is called, in any script. */
export const organizationNameInput = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isPrintable, "A name without control characters.")
  .meta({ examples: ["Acme Ltd."] });

/** A line that a person writes for others to read. */
export const noteInput = (maxLength: number) =>
  z.string().trim().min(1).max(maxLength).refine(isPrintable, "One line without control characters.");

/** A short word of our catalogues: a region, size, version or machine type. */
export const wordInput = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "1 to 63 letters, digits, dots, dashes.");

/**
 * A text of a query that has no narrower rule. Never a bare `z.string()` there: PostgreSQL takes no NUL, and what a caller
 * cannot have meant is a fault of the request, not a failure of ours.
 */
export function queryText(maxLength: number) {
  return z.string().max(maxLength).refine(isPrintable, "Text without control characters.");
}

/** What the document says of a field whose text on the wire is read into something else. */
export function shownAs(shown: Readonly<Record<string, unknown>>) {
  return ({ jsonSchema }: { jsonSchema: object }) => {
    for (const key of Object.keys(jsonSchema)) {
      if (key !== "description") Reflect.deleteProperty(jsonSchema, key);
    }
    Object.assign(jsonSchema, shown);
  };
}

/** A whole number in a query. Above `max` it is cut to it, not refused. */
export function queryInteger(options: { min: number; max: number; default: number; description: string }) {
  return z
    .string()
    .regex(/^\d{1,9}$/, "A whole number.")
    .transform((text) => Math.min(Math.max(Number(text), options.min), options.max))
    .default(options.default)
    .meta({
      description: options.description,
      // What is accepted, not what it is cut to.
      override: shownAs({ type: "integer", minimum: 0, maximum: 999_999_999, default: options.default }),
    });
}

/** true or false in a query, and nothing else. */
export function queryBoolean(description: string) {
  return z
    .enum(["true", "false"], "true or false.")
    .transform((text) => text === "true")
    .default(false)
    .meta({ description, override: shownAs({ type: "boolean", default: false }) });
}

/** Paging of every list. The token is opaque, and binds the filter and the organization that it was made for. */
export const pageQuery = {
  limit: queryInteger({ min: 1, max: 200, default: 50, description: "Entries of a page; more than 200 means 200." }),
  page_token: queryText(1000).optional().meta({ description: "`next_page_token` of the page before." }),
};

/** When the entries of a list were made. */
export const createdRange = {
  created_after: timestamp.optional().meta({ description: "From this instant on." }),
  created_before: timestamp.optional().meta({ description: "Before this instant." }),
};

const LIST_ORDERS = ["created_at", "-created_at"] as const;

/**
 * The query of a list: paging, its own equality filters, named after the fields, and the time and order in which entries
 * were made. All that is given must fit; a range that holds no instant leaves nothing. `order` is the one when none is asked for.
 */
export function listQuery<Filters extends z.ZodRawShape>(order: (typeof LIST_ORDERS)[number], filters: Filters) {
  return z.strictObject({
    ...pageQuery,
    ...filters,
    ...createdRange,
    order: z
      .enum(LIST_ORDERS)
      .default(order)
      .meta({ description: "Oldest first, or, with the dash, newest first. Entries of one millisecond are by id." }),
  });
}

/** One page of a list; `next_page_token` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z.object({ data: z.array(item), next_page_token: z.string().nullable() }).meta({ id });
}

/** Header of a change: refused when somebody else changed the thing since it was read. */
export const ifMatch = z.object({
  "if-match": z
    .string()
    .max(200)
    .optional()
    .meta({ description: "ETag of what was read: 412 when it has changed since." }),
});

/** Header of a stream that goes on where another was cut off. */
export const lastEventId = z.object({
  "last-event-id": z
    .string()
    .max(100)
    .optional()
    .meta({ description: "Id of the last event that was received: a stream goes on after it." }),
});

/** A named reason why something waits. */
export const guardSchema = z
  .object({
    name: z.string().meta({ examples: ["waiting_for_machine"] }),
    subject: z.string().meta({ description: "What it concerns: an instance, machine, pod or shard." }),
    since: timestamp,
    hint: z.string().meta({ description: "What it waits for, and what would end it." }),
  })
  .meta({ id: "Guard" });

/** A JSON value of no fixed shape. */
export const jsonObject = z.record(z.string(), z.unknown());

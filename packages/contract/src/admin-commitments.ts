import {
  COMMITMENT_KINDS,
  COMMITMENT_SOURCES,
  COMMITMENT_STATES,
  LEFT_OUT_REASONS,
  OFFERING_CLASSES,
  PAYMENT_OPTIONS,
  TERMS,
  type Term,
} from "@berth/domain";
import { z } from "zod";
import { idField, idInput, listQuery, money, moneyInput, pageOf, queryText, timestamp, wordInput } from "./fields.ts";
import { route } from "./route.ts";

export { COMMITMENT_KINDS, COMMITMENT_STATES, OFFERING_CLASSES, PAYMENT_OPTIONS } from "@berth/domain";

export const COMMITMENT_TERMS = Object.keys(TERMS) as [Term, ...Term[]];
const term = z.enum(COMMITMENT_TERMS);

export const commitmentSchema = z
  .object({
    id: idField("commitment"),
    kind: z.enum(COMMITMENT_KINDS),
    state: z
      .enum(COMMITMENT_STATES)
      .meta({ description: "By the clock: before its start, within its term, after it." }),
    region: z.string().nullable().meta({ description: "Null for a Compute Savings Plan, which covers all." }),
    zone: z.string().nullable().meta({ description: "Of zonal reserved instances." }),
    machine_type: z.string().nullable().meta({ description: "Of reserved instances." }),
    family: z.string().nullable().meta({ description: "Of an EC2 Instance Savings Plan." }),
    offering_class: z.enum(OFFERING_CLASSES).nullable().meta({ description: "Of reserved instances." }),
    term,
    payment_option: z.enum(PAYMENT_OPTIONS),
    count: z.int().nullable().meta({ description: "How many reserved instances." }),
    upfront: money.nullable().meta({ description: "Of one reserved instance, paid at the start." }),
    per_hour: money.nullable().meta({ description: "Of one reserved instance, charged each hour, used or not." }),
    commitment_per_hour: money.nullable().meta({ description: "Of a savings plan, paid each hour, used or not." }),
    account: z.string().nullable().meta({ description: "Of AWS: whose usage is covered first." }),
    external_id: z.string().nullable().meta({ description: "AWS's id of the purchase." }),
    source: z.enum(COMMITMENT_SOURCES).meta({ description: "Who said that it was bought." }),
    starts_at: timestamp,
    ends_at: timestamp,
    created_at: timestamp.meta({ description: "When it was registered here." }),
  })
  .meta({ id: "Commitment", description: "Reserved instances or a savings plan that were bought. Never changed." });
export type Commitment = z.infer<typeof commitmentSchema>;

export const createCommitmentBody = z
  .strictObject({
    kind: z.enum(COMMITMENT_KINDS),
    region: wordInput.optional(),
    zone: wordInput.optional().meta({ description: "Of zonal reserved instances; absent for regional ones." }),
    machine_type: wordInput.optional(),
    family: wordInput.optional(),
    offering_class: z.enum(OFFERING_CLASSES).optional(),
    term,
    payment_option: z.enum(PAYMENT_OPTIONS),
    count: z.int().min(1).max(100_000).optional(),
    upfront: moneyInput.optional().meta({ description: "Of one reserved instance, paid at the start." }),
    per_hour: moneyInput.optional().meta({ description: "Of one reserved instance, charged each hour." }),
    commitment_per_hour: moneyInput.optional().meta({ description: "Of a savings plan." }),
    account: z
      .string()
      .regex(/^\d{12}$/, "An AWS account: twelve digits.")
      .optional(),
    external_id: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9:/_-]{0,199}$/,
        "1 to 200 letters, digits, colons, slashes, underscores and dashes.",
      )
      .optional()
      .meta({ description: "AWS's id of the purchase: it tells two purchases of the same offer apart." }),
    starts_at: timestamp,
    ends_at: timestamp.optional().meta({ description: "A whole term after the start when absent." }),
    reservation_purchase_id: idInput("reservationPurchase").optional().meta({
      description: "Of a reservation plan, a purchase by hand that this is: a savings plan. It is bought from then on.",
    }),
  })
  .meta({
    id: "NewCommitment",
    examples: [
      {
        kind: "reserved_instances",
        region: "us-east-1",
        machine_type: "m7i.xlarge",
        offering_class: "standard",
        term: "1y",
        payment_option: "no_upfront",
        count: 4,
        upfront: { amount: "0", currency: "USD" },
        per_hour: { amount: "0.13336", currency: "USD" },
        starts_at: "2026-11-02T09:00:00.000Z",
      },
      {
        kind: "compute_savings_plan",
        term: "3y",
        payment_option: "no_upfront",
        commitment_per_hour: { amount: "2.50", currency: "USD" },
        starts_at: "2026-11-02T09:00:00.000Z",
      },
    ],
  });
export type CreateCommitmentBody = z.infer<typeof createCommitmentBody>;

/** The columns of a file of commitments: the fields of NewCommitment, money as decimal numbers of dollars. */
export const COMMITMENT_COLUMNS = Object.keys(createCommitmentBody.shape) as (keyof CreateCommitmentBody)[];

export const importCommitmentsBody = z
  .strictObject({
    csv: z
      .string()
      .min(1)
      .max(100_000)
      .meta({
        description:
          "A heading, then a commitment on each line (RFC 4180). Columns are the fields of NewCommitment, in any order; " +
          "what a kind has not is left empty; money is a decimal number of dollars.",
      }),
  })
  .meta({
    id: "NewCommitments",
    examples: [
      {
        csv: "kind,region,machine_type,offering_class,term,payment_option,count,upfront,per_hour,external_id,starts_at\nreserved_instances,us-east-1,m7i.xlarge,standard,3y,no_upfront,4,0,0.09148,ri-1,2026-11-02T09:00:00Z\n",
      },
    ],
  });
export type ImportCommitmentsBody = z.infer<typeof importCommitmentsBody>;

export const importedCommitmentsSchema = z
  .object({ data: z.array(commitmentSchema) })
  .meta({ id: "ImportedCommitments", description: "In the order of the file." });
export type ImportedCommitments = z.infer<typeof importedCommitmentsSchema>;

export const commitmentExpiriesSchema = z
  .object({
    months: z.array(
      z.object({
        month: z.string().meta({ examples: ["2027-11"], description: "In UTC." }),
        commitments: z.int(),
        per_hour: money.meta({ description: "What ends, with what was paid at the start spread over the term." }),
        share: z.number().nullable().meta({ description: "Of all that is committed to, 0 to 1." }),
      }),
    ),
  })
  .meta({ id: "CommitmentExpiries", description: "When what is committed to ends. Nothing renews by itself." });
export type CommitmentExpiries = z.infer<typeof commitmentExpiriesSchema>;

const units = z.number().meta({ description: "Normalized unit-hours: of an m7i.large 4 an hour." });
const share = z.number().nullable().meta({ description: "0 to 1; null where there is nothing to be a share of." });

export const commitmentUsageSchema = z
  .object({
    since: timestamp,
    until: timestamp,
    without_commitments: money.meta({ description: "What the machines would have cost on demand." }),
    cost: money.meta({
      description:
        "What they cost: on demand, and what is committed to, with what was paid at the start spread over the term.",
    }),
    on_demand: money.meta({ description: "Of that, what no commitment covered." }),
    saved: money.meta({
      description: "Without commitments, less the cost. Negative where too much of them went unused.",
    }),
    coverage: share.meta({ description: "Of the machines' unit-hours, those that a commitment covered." }),
    families: z.array(
      z.object({
        region: z.string(),
        family: z.string(),
        eligible: units.meta({ description: "Normalized unit-hours that machines ran." }),
        reserved: units,
        planned: units.meta({ description: "Covered by savings plans." }),
        coverage: share,
      }),
    ),
    commitments: z.array(
      z.object({
        commitment_id: idField("commitment"),
        kind: z.enum(COMMITMENT_KINDS),
        purchased: units
          .nullable()
          .meta({ description: "Normalized unit-hours of reserved instances; null of a savings plan." }),
        used: units.nullable(),
        utilization: share,
        cost: money.meta({ description: "With the part of what was paid at the start." }),
        unused_cost: money.meta({ description: "Of that, what bought nothing." }),
      }),
    ),
    hours: z
      .array(
        z.object({
          at: timestamp,
          eligible: units,
          reserved: units,
          planned: units,
          coverage: share,
          on_demand: money,
        }),
      )
      .meta({ description: "Every clock-hour, oldest first." }),
    unbilled_machine_types: z
      .array(z.string())
      .meta({ description: "Ran, and are left out: no price or size of theirs is known." }),
    unrated_commitments: z
      .array(idField("commitment"))
      .meta({ description: "Savings plans that count as unused, as no rate of theirs is known for what ran." }),
    left_out_purchases: z
      .array(
        z.object({
          external_id: z.string().meta({ description: "AWS's id of the purchase." }),
          region: z.string(),
          because: z.enum(LEFT_OUT_REASONS).meta({
            description:
              "not_ours_to_cover: of another platform, tenancy or term; maybe_registered: like one that was registered without AWS's id.",
          }),
        }),
      )
      .meta({ description: "Reserved instances that EC2 knows of now, and that are no commitment here." }),
    price_books: z
      .array(
        z.object({
          price_book_id: idField("priceBook"),
          kind: z.string(),
          region: z.string(),
          version: z.int(),
          source: z.string(),
        }),
      )
      .meta({ description: "Whose rates savings plans count by." }),
  })
  .meta({
    id: "CommitmentUsage",
    description:
      "What commitments covered, and how much of them was used, by the exact hourly bill of the machines that ran.",
  });
export type CommitmentUsage = z.infer<typeof commitmentUsageSchema>;

const params = z.object({ commitment_id: idInput("commitment") });
const REFUSALS =
  "Refused, by field and rule, for what its kind has not (`not_of_kind`) or lacks (`required`), a region, zone, family or " +
  "machine type that is not for sale (`unknown_region`, `unknown_zone`, `unknown_family`, `unknown_machine_type`), a price that " +
  "cannot be meant beside the one on demand (`rate_above_price`, `rate_too_low`, `payment_mismatch`), an end before the start " +
  "(`end_before_start`) or beyond the term (`longer_than_term`), and for a purchase that is registered already: of the same " +
  "`external_id`, or of the same offer for an overlapping period where one of the two has none; for a reservation purchase that is " +
  "none to be made by hand (`not_by_hand`), or is given without an `external_id`.";

export const createCommitment = route({
  operationId: "createCommitment",
  method: "POST",
  path: "/v1/admin/commitments",
  tag: "admin",
  summary: "Register a commitment",
  description: `What was bought elsewhere: nothing is bought by this. ${REFUSALS}`,
  permission: "admin:fleet:act",
  body: createCommitmentBody,
  responses: { 201: { description: "Registered.", schema: commitmentSchema, headers: ["Location"] } },
  problems: ["already_registered"],
  idempotent: true,
});

export const importCommitments = route({
  operationId: "importCommitments",
  method: "POST",
  path: "/v1/admin/commitment_imports",
  tag: "admin",
  summary: "Register the commitments of a file",
  description: `All of them or none: each fault names its line. ${REFUSALS}`,
  permission: "admin:fleet:act",
  body: importCommitmentsBody,
  responses: { 201: { description: "Registered.", schema: importedCommitmentsSchema } },
  problems: ["already_registered"],
  idempotent: true,
});

export const listCommitments = route({
  operationId: "listCommitments",
  method: "GET",
  path: "/v1/admin/commitments",
  tag: "admin",
  summary: "List commitments",
  permission: "admin:fleet:read",
  query: listQuery("-created_at", {
    kind: z.enum(COMMITMENT_KINDS).optional().meta({ description: "Only of this kind." }),
    region: queryText(63).optional().meta({ description: "Only those of this region." }),
    state: z.enum(COMMITMENT_STATES).optional().meta({ description: "Only those in this state." }),
    ends_before: timestamp.optional().meta({ description: "Only those that end before this instant." }),
  }),
  tenantData: "none",
  responses: { 200: { description: "A page, newest first.", schema: pageOf(commitmentSchema, "CommitmentPage") } },
  problems: [],
});

export const listCommitmentExpiries = route({
  operationId: "listCommitmentExpiries",
  method: "GET",
  path: "/v1/admin/commitment_expiries",
  tag: "admin",
  summary: "See when commitments end",
  description:
    "By month. The platform's organizations are told of each 60, 30 and 7 days ahead: `commitment.expiring`.",
  permission: "admin:fleet:read",
  tenantData: "none",
  responses: { 200: { description: "All months in which one ends.", schema: commitmentExpiriesSchema } },
  problems: [],
});

export const getCommitmentUsage = route({
  operationId: "getCommitmentUsage",
  method: "GET",
  path: "/v1/admin/commitment_usage",
  tag: "admin",
  summary: "See what commitments covered, hour by hour",
  description:
    "Of the machines that were launched here: reserved instances first, then savings plans, as AWS applies them, at today's prices " +
    "on demand. In whole clock-hours, 31 days at most, and none that has not ended.",
  permission: "admin:fleet:read",
  query: z.strictObject({
    since: timestamp.optional().meta({
      description: "From its clock-hour on; seven days before `until` when absent.",
      examples: ["2026-11-01T00:00:00.000Z"],
    }),
    until: timestamp.optional().meta({
      description: "Before its clock-hour; the one that now is in when absent.",
      examples: ["2026-11-08T00:00:00.000Z"],
    }),
  }),
  tenantData: "none",
  responses: { 200: { description: "The usage.", schema: commitmentUsageSchema } },
  problems: [],
});

export const getCommitment = route({
  operationId: "getCommitment",
  method: "GET",
  path: "/v1/admin/commitments/{commitment_id}",
  tag: "admin",
  summary: "Get a commitment",
  permission: "admin:fleet:read",
  params,
  tenantData: "none",
  responses: { 200: { description: "The commitment.", schema: commitmentSchema } },
  problems: [],
});

export const deleteCommitment = route({
  operationId: "deleteCommitment",
  method: "DELETE",
  path: "/v1/admin/commitments/{commitment_id}",
  tag: "admin",
  summary: "Remove a commitment that was registered in error",
  description: "What was bought stays bought: it is not known here any more. One that is read from EC2 is refused.",
  permission: "admin:fleet:act",
  params,
  unconditional: "A commitment never changes: there is one version of it.",
  responses: { 204: { description: "Gone." } },
  problems: ["invalid_state"],
});

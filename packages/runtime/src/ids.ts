import { type IdSource, idFromUuid } from "@berth/domain";
import { v7 } from "uuid";

/** Ids out of UUIDv7: they sort by the millisecond in which they were made, and within one they keep growing. */
export const systemIds: IdSource = { next: (kind) => idFromUuid(kind, v7()) };

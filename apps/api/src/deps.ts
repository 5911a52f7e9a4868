import type { Database, Envelope, OperatorDatabase } from "@berth/db";
import type { IdSource, Result } from "@berth/domain";
import type { Clock } from "@berth/ports";
import type { HeadSigner } from "./audit/sign-heads.ts";
import type { RegionMemory } from "./clusters/region-memory.ts";
import type { EventFeed } from "./events/feed.ts";
import type { NewApiKey } from "./http/api-key.ts";
import type { PageTokens } from "./http/page-token.ts";
import type { InvitationTokens } from "./invitations/token.ts";

/** What the API needs of a kubeconfig; the adapter's parser gives it. */
export type ParseKubeconfig = (
  text: string,
) => Result<{ readonly server: string }, { readonly fault: string; readonly detail: string }>;

export interface ApiSettings {
  readonly version: string;
  /** Whether what runs behind this API is a simulator. */
  readonly simulated: boolean;
  /** How long a deleted cluster's volumes are kept. */
  readonly volumeGraceMs: number;
  /** How long a request waits for a twin with the same Idempotency-Key. */
  readonly idempotencyWaitMs: number;
  /** Longest that a watch goes without looking, in case a notification was lost. */
  readonly recheckMs: number;
}

/** One pool a role. Use cases do not take these: `call.db` is what the caller may see. */
export interface Databases {
  /** As berth_api: what is not sent through `tenantDatabase` sees no tenant's rows. */
  readonly tenants: Database;
  /** As berth_operator: across tenants. */
  readonly operators: OperatorDatabase;
}

/** Everything that use cases reach for. No Kubernetes, no cloud, no engine, no Redis: the API serves from Postgres alone. */
export interface ApiDeps {
  readonly databases: Databases;
  readonly envelope: Envelope;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly pageTokens: PageTokens;
  readonly headSigner: HeadSigner;
  /** A new key's text, and what is stored in its place. */
  readonly makeApiKey: () => NewApiKey;
  readonly invitationTokens: InvitationTokens;
  readonly feed: EventFeed;
  readonly regionMemory: RegionMemory;
  readonly parseKubeconfig: ParseKubeconfig;
  readonly settings: ApiSettings;
}

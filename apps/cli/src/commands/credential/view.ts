import type { Credential } from "@berth/contract";
import { formatAge } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";

/** A cluster's users as a table; of a password only its end is known. */
export const CREDENTIALS: ListView<Credential> = {
  noun: "credentials",
  nameOf: (credential) => credential.id,
  columns: [
    { header: "user", value: (credential) => credential.username },
    { header: "role", value: (credential) => credential.role },
    { header: "state", value: (credential) => credential.state },
    { header: "password", value: (credential) => `…${credential.hint}` },
    { header: "age", value: (credential) => formatAge(credential.created_at, Date.now()), align: "right" },
    { header: "id", value: (credential) => credential.id },
    { header: "cluster", value: (credential) => credential.cluster_id, wide: true },
  ],
};

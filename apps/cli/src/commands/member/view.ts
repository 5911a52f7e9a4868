import type { Member } from "@berth/contract";
import { formatAge } from "../../output/format.ts";
import type { ListView } from "../../output/print.ts";

/** Members as a table. */
export const MEMBERS: ListView<Member> = {
  noun: "members",
  nameOf: (member) => member.id,
  columns: [
    { header: "email", value: (member) => member.email },
    { header: "name", value: (member) => member.name },
    { header: "role", value: (member) => member.role },
    { header: "age", value: (member) => formatAge(member.created_at, Date.now()), align: "right" },
    { header: "id", value: (member) => member.id },
    { header: "created by", value: (member) => member.created_by, wide: true },
  ],
};

import type { Fault } from "@berth/contract";
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/**
 * Zod's issues as faults with JSON pointers (RFC 6901). Unknown fields get one each, at the field itself. At most 100: a
 * hostile body could else have an answer larger than itself.
 */
export function faultsOfIssues(issues: readonly Issue[], root: "/" | "?"): Fault[] {
  return issues.flatMap((issue) => faultsOf(issue, root)).slice(0, 100);
}

function faultsOf(issue: Issue, root: "/" | "?"): Fault[] {
  const at = (path: readonly PropertyKey[]) => pointerOf(path, root);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        pointer: at([...issue.path, key]),
        code: "unknown_field",
        detail: "There is no such field.",
      }));
    case "too_big":
    case "too_small":
      return [{ pointer: at(issue.path), code: issue.code, detail: boundOf(issue) }];
    case "invalid_key":
      return [{ pointer: at(issue.path), code: "invalid_key", detail: issue.issues[0]?.message ?? issue.message }];
    default:
      return [{ pointer: at(issue.path), code: codeOf(issue), detail: detailOf(issue) }];
  }
}

function codeOf(issue: Issue): string {
  if (isMissing(issue)) return "required";
  return issue.code === "custom" ? "invalid_value" : issue.code;
}

function detailOf(issue: Issue): string {
  if (isMissing(issue)) return "This field is required.";
  if (issue.code === "invalid_type") return `Expected ${issue.expected}.`;
  return issue.message;
}

/** Zod keeps the value itself out of its issues; what it was called in the message is all there is. */
function isMissing(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.path.length > 0 && issue.message.endsWith("received undefined");
}

function boundOf(issue: Extract<Issue, { code: "too_big" | "too_small" }>): string {
  const bound = String(issue.code === "too_big" ? issue.maximum : issue.minimum);
  const word = issue.code === "too_big" ? "At most" : "At least";
  const unit = issue.origin === "string" ? " characters" : issue.origin === "array" ? " entries" : "";
  return `${word} ${bound}${unit}.`;
}

export function pointerOf(path: readonly PropertyKey[], root: "/" | "?" = "/"): string {
  const text = path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return root === "/" ? text : `?${text.slice(1)}`;
}

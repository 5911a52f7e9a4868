import { badRequest } from "./api-error.ts";
import type { KubeObject, LabelSelector, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "./objects.ts";

type Labels = Readonly<Record<string, string>>;

/** Whether a selector in an object's spec matches; an absent one matches nothing, an empty one everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false;
  const present = labels ?? {};
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (present[key] !== value) return false;
  return (selector.matchExpressions ?? []).every((expression) =>
    matchesRequirement(expression, present[expression.key]),
  );
}

/** In, NotIn, Exists, DoesNotExist, Gt and Lt over one label or field. */
export function matchesRequirement(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** Terms are alternatives; within one all requirements hold; an empty term matches nothing. */
export function matchesNodeSelector(selector: NodeSelector, node: { name: string; labels: Labels }): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(term: NodeSelectorTerm, node: { name: string; labels: Labels }): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((expression) => matchesRequirement(expression, node.labels[expression.key])) &&
    fields.every((field) => field.key === "metadata.name" && matchesRequirement(field, node.name))
  );
}

/**
 * Reads the labelSelector of a list: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, joined by commas.
 *
 * Refuses what it cannot read with 400.
 */
export function parseLabelSelector(text: string): (labels: Labels | undefined) => boolean {
  const requirements = splitOutsideParentheses(text).map(parseRequirement);
  return (labels) => requirements.every((requirement) => matchesRequirement(requirement, labels?.[requirement.key]));
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const letter of text) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (letter === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else part += letter;
  }
  parts.push(part);
  return parts.map((each) => each.trim()).filter((each) => each !== "");
}

const KEY = "[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?";
const SET_FORM = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const COMPARE_FORM = new RegExp(`^(${KEY})\\s*(==|=|!=|>|<)\\s*([-A-Za-z0-9_.]*)$`);
const EXISTS_FORM = new RegExp(`^(!?)\\s*(${KEY})$`);

function parseRequirement(text: string): NodeSelectorRequirement {
  const set = SET_FORM.exec(text);
  if (set !== null) {
    const values = (set[3] ?? "").split(",").map((value) => value.trim());
    return { key: set[1] ?? "", operator: set[2] === "in" ? "In" : "NotIn", values };
  }
  const compare = COMPARE_FORM.exec(text);
  if (compare !== null) {
    const operator = { "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt" }[compare[2] ?? "="] ?? "In";
    return { key: compare[1] ?? "", operator, values: [compare[3] ?? ""] };
  }
  const exists = EXISTS_FORM.exec(text);
  if (exists !== null) return { key: exists[2] ?? "", operator: exists[1] === "!" ? "DoesNotExist" : "Exists" };
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)}`);
}

type FieldReader = (object: KubeObject) => string;

const member = (value: unknown, path: readonly string[]): string => {
  let current = value;
  for (const key of path) {
    current = typeof current === "object" && current !== null ? (current as Record<string, unknown>)[key] : undefined;
  }
  return current === undefined || current === null ? "" : String(current);
};

/** Fields that lists can select by, as each kind's storage offers them; other names are refused. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  Node: ["spec.unschedulable"],
  Namespace: ["status.phase"],
  Secret: ["type"],
  CertificateSigningRequest: ["spec.signerName"],
  Event: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
};

function fieldReader(kind: string, field: string): FieldReader {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace") return (object) => object.metadata.namespace ?? "";
  if (!(FIELDS[kind] ?? []).includes(field)) throw badRequest(`field label not supported: ${field}`);
  if (field === "spec.unschedulable" || field === "spec.hostNetwork") {
    const path = field.split(".");
    return (object) => (member(object, path) === "true" ? "true" : "false");
  }
  const path = field.replace("regarding.", "involvedObject.").split(".");
  return (object) => member(object, path);
}

/** Reads the fieldSelector of a list: `field=value`, `field!=value`, joined by commas. */
export function parseFieldSelector(kind: string, text: string): (object: KubeObject) => boolean {
  const tests = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^([^=!]+)(!=|==|=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const read = fieldReader(kind, (match[1] ?? "").trim());
      const wanted = match[3] ?? "";
      return match[2] === "!="
        ? (object: KubeObject) => read(object) !== wanted
        : (object: KubeObject) => read(object) === wanted;
    });
  return (object) => tests.every((test) => test(object));
}

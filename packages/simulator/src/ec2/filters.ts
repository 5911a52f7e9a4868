import { Ec2Error } from "./error.ts";
import type { Ec2Instance, Ec2InstanceState } from "./instance.ts";

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

type Attribute = (instance: Ec2Instance, state: Ec2InstanceState) => readonly string[];

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  "instance-state-name": (_instance, state) => [state],
  "instance-id": (instance) => [instance.id],
  "instance-type": (instance) => [instance.request.instanceType],
  "image-id": (instance) => [instance.request.imageId],
  "availability-zone": (instance) => [instance.zone],
  "subnet-id": (instance) => [instance.subnetId],
  "client-token": (instance) => (instance.request.clientToken === undefined ? [] : [instance.request.clientToken]),
  "private-ip-address": (instance) => [instance.privateIp],
  "reservation-id": (instance) => [instance.reservationId],
  "tag-key": (instance) => Object.keys(instance.tags),
};

function attributeOf(name: string): Attribute {
  if (name.startsWith("tag:")) {
    const key = name.slice(4);
    return (instance) => {
      const value = instance.tags[key];
      return value === undefined ? [] : [value];
    };
  }
  const attribute = ATTRIBUTES[name];
  if (attribute === undefined) throw new Ec2Error("InvalidParameterValue", `The filter '${name}' is invalid`);
  return attribute;
}

/** `*` stands for any run of characters and `?` for one, as in EC2's filters; all else is literal. */
export function matchesPattern(value: string, pattern: string): boolean {
  if (!/[*?]/.test(pattern)) return value === pattern;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(value);
}

/** Filters are joined by "and", the values of one by "or". An unknown filter is refused. */
export function instanceFilter(filters: readonly Filter[]) {
  const tests = filters.map((filter) => ({ attribute: attributeOf(filter.name), values: filter.values }));
  return (instance: Ec2Instance, state: Ec2InstanceState): boolean =>
    tests.every(({ attribute, values }) =>
      attribute(instance, state).some((value) => values.some((pattern) => matchesPattern(value, pattern))),
    );
}

/** The same for things described by a few plain attributes. */
export function plainFilter(filters: readonly Filter[], names: readonly string[]) {
  for (const filter of filters) {
    if (!names.includes(filter.name)) {
      throw new Ec2Error("InvalidParameterValue", `The filter '${filter.name}' is invalid`);
    }
  }
  return (attributes: Readonly<Record<string, string>>): boolean =>
    filters.every((filter) => filter.values.some((pattern) => matchesPattern(attributes[filter.name] ?? "", pattern)));
}

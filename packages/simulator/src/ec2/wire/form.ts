import { Ec2Error } from "../error.ts";
import type { Filter } from "../filters.ts";

/**
 * The parameters of one Query call: flat names with dots and numbers (`Filter.1.Value.2`), read by position.
 *
 * Every read marks its name, so that what nobody read can still count in a launch's fingerprint.
 */
export interface Form {
  readonly all: Readonly<Record<string, string>>;
  text(name: string): string | undefined;
  required(name: string): string;
  integer(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  /** `Name.1`, `Name.2` … in order of their numbers. */
  list(name: string): readonly string[];
  /** The prefixes `Name.1.`, `Name.2.` … of a list of structures. */
  prefixes(name: string): readonly string[];
}

export function parseForm(body: string): Form {
  const all: Record<string, string> = Object.fromEntries(new URLSearchParams(body));
  const text = (name: string): string | undefined => all[name];
  const numbersOf = (name: string): readonly number[] => {
    const numbers = new Set<number>();
    for (const key of Object.keys(all)) {
      if (!key.startsWith(`${name}.`)) continue;
      const number = Number(key.slice(name.length + 1).split(".")[0]);
      if (Number.isInteger(number)) numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  };
  return {
    all,
    text,
    required: (name) => {
      const value = text(name);
      if (value !== undefined) return value;
      throw new Ec2Error("MissingParameter", `The request must contain the parameter ${name}`);
    },
    integer: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      if (/^-?\d+$/.test(value)) return Number(value);
      throw new Ec2Error("InvalidParameterValue", `Invalid value '${value}' for ${name}.`);
    },
    flag: (name) => {
      const value = text(name);
      return value === undefined ? undefined : value === "true";
    },
    list: (name) => numbersOf(name).flatMap((number) => all[`${name}.${number}`] ?? []),
    prefixes: (name) => numbersOf(name).map((number) => `${name}.${number}.`),
  };
}

export function filtersOf(form: Form): readonly Filter[] {
  return form.prefixes("Filter").map((prefix) => ({
    name: form.required(`${prefix}Name`),
    values: form.list(`${prefix}Value`),
  }));
}

export function tagsOf(form: Form, listName: string): Record<string, string> {
  const pairs = form
    .prefixes(listName)
    .map((prefix) => [form.required(`${prefix}Key`), form.text(`${prefix}Value`) ?? ""] as const);
  for (const [key] of pairs) {
    if (key.startsWith("aws:")) {
      throw new Ec2Error("InvalidParameterValue", `Tag keys starting with 'aws:' are reserved: ${key}`);
    }
  }
  return Object.fromEntries(pairs);
}

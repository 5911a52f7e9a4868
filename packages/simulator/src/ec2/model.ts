import { createHash } from "node:crypto";
import { loadAwsCatalogue, type MachineTypeFacts } from "./catalogue.ts";
import { Ec2AnswerLost, Ec2Error } from "./error.ts";
import { type Ec2Faults, ec2Faults, losesAnswer, offeringKey, refuseByFault } from "./faults.ts";
import { type Filter, instanceFilter } from "./filters.ts";
import { describedState, type Ec2Instance, type Ec2InstanceState, type LaunchRequest, stateAt } from "./instance.ts";
import { runInstances } from "./launch.ts";
import { AWS_TIMINGS, type Ec2Options } from "./options.ts";
import { type Page, paginate } from "./paginate.ts";
import { type PlanRate, type PricedType, planRates, pricedTypes } from "./prices.ts";
import {
  describeReserved,
  purchaseReserved,
  type ReservedInstances,
  type ReservedOffering,
  type ReservedView,
  reservedOfferings,
} from "./reserved.ts";
import { type Ec2Context, type Ec2State, emptyEc2State, type Subnet } from "./state.ts";
import { beginTermination, type StateChange, terminateInstances, visibleInstances } from "./terminate.ts";
import { takeRequestToken } from "./throttle.ts";

/** A machine as an answer shows it: the state is the caller's view, which may lag behind the truth. */
export interface InstanceView {
  readonly instance: Ec2Instance;
  readonly state: Ec2InstanceState;
}

export interface InstanceQuery {
  readonly instanceIds?: readonly string[];
  readonly filters?: readonly Filter[];
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

export interface MachineType extends MachineTypeFacts {
  readonly name: string;
}

type Listener = (instance: Ec2Instance) => void;

/** One account in one region. All refusals are Ec2Error; a lost answer is Ec2AnswerLost. */
export interface Ec2Model {
  readonly region: string;
  readonly zones: readonly string[];
  readonly subnets: readonly Subnet[];
  readonly faults: Ec2Faults;
  runInstances(request: LaunchRequest): readonly InstanceView[];
  terminateInstances(ids: readonly string[]): readonly StateChange[];
  describeInstances(query: InstanceQuery): Page<InstanceView>;
  /** DescribeInstanceStatus shows running machines alone unless all are asked for. */
  describeInstanceStatus(query: InstanceQuery & { readonly includeAll?: boolean }): Page<InstanceView>;
  createTags(ids: readonly string[], tags: Readonly<Record<string, string>>): void;
  /** MiB that a booting machine of the type has less than its type says. */
  missingMemoryMib(instanceType: string): number;
  /** Types sold in the region, by name; no call, so nothing refuses or counts it. */
  machineTypes(): readonly MachineType[];
  /** The same as a call; unknown names are refused. */
  describeInstanceTypes(names: readonly string[] | undefined): readonly MachineType[];
  describeOfferings(): readonly { readonly instanceType: string; readonly zone: string }[];
  describeReservedOfferings(instanceType: string): readonly ReservedOffering[];
  purchaseReserved(offeringId: string, instanceCount: number, limitPrice?: number): ReservedInstances;
  describeReserved(): readonly ReservedView[];
  /** What the price list and the savings plans' service tell; the simulated account asks this one model for them too. */
  priceList(): readonly PricedType[];
  planRates(planType: string): readonly PlanRate[];
  /** Counts and perhaps refuses a call that has no method of its own here. */
  plainCall<T>(action: string, run: () => T): T;
  /** Called once for each machine whose operating system has started. */
  onBoot(listener: Listener): void;
  /** Called once for each machine whose processes have ended. */
  onTerminate(listener: Listener): void;
  /** Called after everything that changed what a snapshot would hold. */
  onChange(listener: () => void): void;
  /** Machines that have booted and still run: what a restarted world attaches to again. */
  bootedInstances(): readonly Ec2Instance[];
  snapshot(): Ec2State;
  restore(snapshot: Ec2State): void;
}

/**
 * EC2 as one account sees it, on the simulation's clock.
 *
 * Chance comes from the seed and the number of the launch alone, so neither the order of reads nor a restart changes it.
 */
export function createEc2Model(options: Ec2Options): Ec2Model {
  const { clock, region, zones } = options;
  const bootListeners: Listener[] = [];
  const terminateListeners: Listener[] = [];
  const changeListeners: (() => void)[] = [];
  const changed = (): void => {
    for (const listener of changeListeners) listener();
  };
  const timers = new Map<string, () => void>();
  let generation = 0;

  const at = (key: string, dueAt: number, run: () => void): void => {
    const mine = generation;
    const cancel = clock.schedule(Math.max(0, dueAt - clock.now()), () => {
      timers.delete(key);
      if (mine === generation) run();
    });
    timers.set(key, cancel);
  };

  const context: Ec2Context = {
    clock,
    seed: options.seed,
    region,
    zones,
    subnets: zones.map((zone) => ({ id: `subnet-${digest(`${region}/${zone}`).slice(0, 17)}`, zone })),
    images: options.images,
    catalogue: options.catalogue ?? loadAwsCatalogue(),
    timings: options.timings ?? AWS_TIMINGS,
    state: emptyEc2State(),
    watchBoot: (instance) => {
      if (instance.bootAt === null) return;
      at(`boot/${instance.id}`, instance.bootAt, () => {
        const { booted } = context.state;
        if (booted[instance.id] || instance.terminatingAt !== null) return;
        booted[instance.id] = true;
        for (const listener of bootListeners) listener(instance);
        changed();
      });
    },
    watchVanish: (instance) => {
      if (instance.vanishAt === null) return;
      at(`vanish/${instance.id}`, instance.vanishAt, () => {
        const { booted, vanished } = context.state;
        if (vanished[instance.id]) return;
        vanished[instance.id] = true;
        // Who never saw the machine boot has nothing to lose with it.
        if (booted[instance.id]) for (const listener of terminateListeners) listener(instance);
        changed();
      });
    },
  };
  context.state.faults.throttling = options.throttling ?? false;
  context.state.faults.instanceLimit = options.instanceLimit ?? null;

  /** The frame of every call: what may refuse it before its effect, and what may swallow its answer after. */
  const call = <T>(action: string, run: () => T): T => {
    refuseByFault(context.state.faults, action);
    if (context.state.faults.throttling) takeRequestToken(context.state.buckets, action, clock.now());
    const answer = run();
    if (!/^(Describe|Get)/.test(action)) changed();
    if (losesAnswer(context.state.faults, action)) throw new Ec2AnswerLost(action);
    return answer;
  };

  const viewsOf = (query: InstanceQuery): readonly InstanceView[] => {
    const ids = query.instanceIds ?? [];
    if (ids.length > 0 && query.maxResults !== undefined) {
      const message = "The parameter instancesSet cannot be used with the parameter maxResults";
      throw new Ec2Error("InvalidParameterCombination", message);
    }
    const chosen = ids.length > 0 ? visibleInstances(context, ids) : Object.values(context.state.instances);
    const passes = instanceFilter(query.filters ?? []);
    const now = clock.now();
    return chosen.flatMap((instance) => {
      const state = describedState(instance, now, context.timings.keepTerminatedMs);
      return state !== undefined && passes(instance, state) ? [{ instance, state }] : [];
    });
  };
  const page = (views: readonly InstanceView[], query: InstanceQuery): Page<InstanceView> =>
    paginate(views, (view) => String(view.instance.ordinal).padStart(12, "0"), query, { low: 5, high: 1000 });

  return {
    region,
    zones,
    subnets: context.subnets,
    faults: ec2Faults(
      () => context.state.faults,
      (id) => {
        const instance = context.state.instances[id];
        if (instance === undefined) throw new RangeError(`no machine ${id}`);
        beginTermination(context, instance, "Server.InternalError");
        changed();
      },
    ),
    runInstances: (request) =>
      call("RunInstances", () => {
        forgetOldMachines(context);
        return runInstances(context, request).map((instance) => ({ instance, state: stateAt(instance, clock.now()) }));
      }),
    terminateInstances: (ids) => call("TerminateInstances", () => terminateInstances(context, ids)),
    describeInstances: (query) => call("DescribeInstances", () => page(viewsOf(query), query)),
    describeInstanceStatus: (query) =>
      call("DescribeInstanceStatus", () => {
        const views = viewsOf(query).filter(({ state }) => query.includeAll === true || state === "running");
        return page(views, query);
      }),
    createTags: (ids, tags) =>
      call("CreateTags", () => {
        for (const instance of visibleInstances(context, ids)) Object.assign(instance.tags, tags);
      }),
    missingMemoryMib: (instanceType) => context.state.faults.missingMemoryMib?.[instanceType] ?? 0,
    machineTypes: () => typesOf(context, undefined),
    describeInstanceTypes: (names) => call("DescribeInstanceTypes", () => typesOf(context, names)),
    describeOfferings: () =>
      call("DescribeInstanceTypeOfferings", () => {
        const withdrawn = new Set(context.state.faults.withdrawn);
        const pairs = typesOf(context, undefined).flatMap(({ name }) =>
          zones.map((zone) => ({ instanceType: name, zone })),
        );
        return pairs.filter(({ instanceType, zone }) => !withdrawn.has(offeringKey(instanceType, zone)));
      }),
    describeReservedOfferings: (type) =>
      call("DescribeReservedInstancesOfferings", () => reservedOfferings(context, type)),
    purchaseReserved: (id, count, limit) =>
      call("PurchaseReservedInstancesOffering", () => purchaseReserved(context, id, count, limit)),
    priceList: () => call("GetProducts", () => pricedTypes(context)),
    planRates: (planType) => call("DescribeSavingsPlansOfferingRates", () => planRates(context, planType)),
    describeReserved: () => call("DescribeReservedInstances", () => describeReserved(context)),
    plainCall: call,
    onBoot: (listener) => void bootListeners.push(listener),
    onTerminate: (listener) => void terminateListeners.push(listener),
    onChange: (listener) => void changeListeners.push(listener),
    bootedInstances: () => {
      const { booted, vanished, instances } = context.state;
      return Object.values(instances).filter(({ id }) => booted[id] && !vanished[id]);
    },
    snapshot: () => structuredClone(context.state),
    restore: (snapshot) => {
      generation++;
      for (const cancel of timers.values()) cancel();
      timers.clear();
      context.state = structuredClone(snapshot);
      for (const instance of Object.values(context.state.instances)) {
        if (!context.state.booted[instance.id]) context.watchBoot(instance);
        if (!context.state.vanished[instance.id]) context.watchVanish(instance);
      }
    },
  };
}

function typesOf({ catalogue, region }: Ec2Context, names: readonly string[] | undefined): readonly MachineType[] {
  const sold = catalogue.prices[region] ?? {};
  const unknown = names?.filter((name) => sold[name] === undefined || catalogue.types[name] === undefined) ?? [];
  if (unknown.length > 0) {
    const message = `The following supplied instance types do not exist: [${unknown.join(", ")}]`;
    throw new Ec2Error("InvalidInstanceType", message);
  }
  return (names ?? Object.keys(sold).sort()).flatMap((name) => {
    const facts = catalogue.types[name];
    return facts === undefined ? [] : [{ name, ...facts }];
  });
}

const DAY_MS = 86_400_000;

/** Tokens outlive their machines by a day (AWS); after that both are dropped, so that long runs stay bounded. */
function forgetOldMachines({ clock, state }: Ec2Context): void {
  const cutoff = clock.now() - DAY_MS;
  const old = Object.values(state.instances).filter(
    ({ terminatedAt }) => terminatedAt !== null && terminatedAt < cutoff,
  );
  if (old.length === 0) return;
  for (const { id } of old) {
    delete state.instances[id];
    delete state.booted[id];
    delete state.vanished[id];
  }
  for (const [key, { instanceIds }] of Object.entries(state.tokens)) {
    if (instanceIds.every((id) => state.instances[id] === undefined)) delete state.tokens[key];
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

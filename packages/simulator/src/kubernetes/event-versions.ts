import type { Event, KubeObject } from "./objects.ts";
import { EVENTS, NEW_EVENTS, type Resource } from "./resources.ts";
import type { Presentation } from "./server-context.ts";

/** events.k8s.io/v1 and core v1 show the same stored objects with other field names. */
export function presentationOf(resource: Resource): Presentation {
  if (resource !== NEW_EVENTS) return { stored: resource, present: (object) => object, accept: (object) => object };
  return {
    stored: EVENTS as Resource,
    present: (object) => toNew(object as Event),
    accept: (object) => toCore(object as NewEvent),
  };
}

interface NewEvent extends KubeObject {
  regarding?: Event["involvedObject"];
  note?: string;
  reason?: string;
  type?: string;
  action?: string;
  reportingController?: string;
  reportingInstance?: string;
  related?: unknown;
  series?: unknown;
  eventTime?: string | null;
  deprecatedSource?: Event["source"];
  deprecatedFirstTimestamp?: string | null;
  deprecatedLastTimestamp?: string | null;
  deprecatedCount?: number;
}

function toNew(event: Event): KubeObject {
  return compact({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: event.metadata,
    eventTime: event.eventTime,
    series: event.series,
    reportingController: event.reportingComponent,
    reportingInstance: event.reportingInstance,
    action: event.action,
    reason: event.reason,
    regarding: event.involvedObject,
    related: event.related,
    note: event.message,
    type: event.type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp,
    deprecatedLastTimestamp: event.lastTimestamp,
    deprecatedCount: event.count,
  });
}

function toCore(event: NewEvent): KubeObject {
  return compact({
    apiVersion: "v1",
    kind: "Event",
    metadata: event.metadata,
    involvedObject: event.regarding ?? {},
    related: event.related,
    reason: event.reason,
    message: event.note,
    type: event.type,
    action: event.action,
    eventTime: event.eventTime,
    series: event.series,
    reportingComponent: event.reportingController,
    reportingInstance: event.reportingInstance,
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
  });
}

function compact(object: Record<string, unknown>): KubeObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as unknown as KubeObject;
}

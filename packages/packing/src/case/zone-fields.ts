import { type Fields, isName, shown } from "@berth/domain";

const MOST_ZONES = 1_000;

/** The zone of the field `zone`, as a list of one. Where zones are known, it must be one of them. */
export function readZone(fields: Fields, known: ReadonlySet<string> | undefined): readonly string[] {
  const zone = fields.name("zone");
  if (zone !== "") checkZone(fields, "zone", zone, known);
  return [zone];
}

/** The zones of a field, in ascending order. */
export function readZones(fields: Fields, name: string, known?: ReadonlySet<string>): readonly string[] {
  const value = fields.value(name);
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_ZONES) {
    fields.fault(name, `must be a list of 1 to ${MOST_ZONES} zones${fields.instead(name)}`);
    return [];
  }
  const zones = new Set<string>();
  for (const [index, zone] of value.entries()) {
    const field = `${name}[${index}]`;
    if (!isName(zone)) fields.fault(field, `must be a text of 1 to 256 characters, not ${shown(zone)}`);
    else if (zones.has(zone)) fields.fault(field, `must be listed once: ${shown(zone)}`);
    else {
      zones.add(zone);
      checkZone(fields, field, zone, known);
    }
  }
  return [...zones].toSorted();
}

function checkZone(fields: Fields, field: string, zone: string, known: ReadonlySet<string> | undefined): void {
  if (known !== undefined && !known.has(zone)) fields.fault(field, `must be a zone of a type, not ${shown(zone)}`);
}

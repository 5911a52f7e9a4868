/** A value of an answer: structures are objects, lists become `<item>` rows, undefined leaves its element out. */
export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

/** One element in the manner of the EC2 Query protocol. */
export function xmlElement(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return `<${name}>${value.map((item) => xmlElement("item", item)).join("")}</${name}>`;
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  if (typeof value === "object") {
    const inner = Object.entries(value).map(([key, child]) => xmlElement(key, child));
    return `<${name}>${inner.join("")}</${name}>`;
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

const HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function xmlAnswer(action: string, requestId: string, answer: { readonly [name: string]: XmlValue }): string {
  const body = xmlElement(`${action}Response`, { requestId, ...answer });
  // The namespace carries the API's version, which has not changed since 2016.
  return HEADER + body.replace(/^<\w+/, (tag) => `${tag} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"`);
}

export function xmlError(code: string, message: string, requestId: string): string {
  return `${HEADER}<Response><Errors>${xmlElement("Error", { Code: code, Message: message })}</Errors>${xmlElement("RequestID", requestId)}</Response>`;
}

import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet from "helmet";

/**
 * What helmet says of every answer, by lower-case name. It is asked once: as a hook it would make its dozen of functions and
 * the policy's text anew for each request.
 */
export function securityHeaders(): Record<string, string> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const none = ["'none'"];
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      // The last three are not covered by the first.
      directives: { defaultSrc: none, frameAncestors: none, baseUri: none, formAction: none },
    },
  });
  protect(response.req, response, () => {});
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}

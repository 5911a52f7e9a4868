import type { Principal } from "./authenticate.ts";

/** Who asked, and in which request: for the audit row and the operation. */
export function actorOf(call: { readonly principal: Principal; readonly requestId: string }) {
  return { actor: call.principal.apiKeyId, requestId: call.requestId };
}

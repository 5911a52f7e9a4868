/**
 * Wraps data keys: the outer half of envelope encryption. A local key file in development, KMS in production.
 * Both directions take the same context (KMS calls it encryption context); a wrong one fails to unwrap.
 */
export interface KeyProvider {
  readonly keyId: string;
  wrap(dataKey: Uint8Array, context: string): Promise<Uint8Array>;
  /** Throws PortError denied when the key or context does not fit, unavailable when it cannot be asked. */
  unwrap(wrapped: Uint8Array, keyId: string, context: string): Promise<Uint8Array>;
}

/** Who asked for a change, and by which request: goes into its operation and its audit row. */
export interface Actor {
  /** Id of the key, or `system`. */
  readonly actor: string;
  readonly requestId: string;
}

/**
 * One promise of a port, as a plain function that runs on the simulator and on the real thing alike.
 *
 * The simulator is believed only as far as these cases pass on both. A case makes what it needs under names of its own, so
 * that cases can run in any order on one instance of the outside.
 */
export interface ConformanceCase<Port, Env> {
  /** The sentence that it proves. */
  readonly name: string;
  /** A switch of the environment without which it cannot be shown, as faults that a real cloud does not make on demand. */
  readonly needs?: keyof Env & string;
  run(port: Port, env: Env): Promise<void>;
}

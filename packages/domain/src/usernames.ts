/** Names that the engines keep for themselves (Elasticsearch's built-in users, their prefixes), and Berth's own. */
const RESERVED = /^(berth.*|elastic|kibana.*|logstash.*|beats.*|apm.*|remote_monitoring.*|_.*)$/i;

/** Whether a customer's credential must not have this name: the engine would refuse it, or it is not a customer's account. */
export function isReservedUsername(username: string): boolean {
  return RESERVED.test(username);
}

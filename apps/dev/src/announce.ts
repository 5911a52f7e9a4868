import type { DevOptions } from "./options.ts";
import type { ReadyLine } from "./ready-line.ts";

/** What a person needs to know when everything runs: where, with which keys, and what to type next. */
export function announcement(line: ReadyLine, options: DevOptions, seconds: number): string {
  const cloud = options.real
    ? "Kubernetes and the engines are real processes on this machine; EC2 is SIMULATED."
    : "The cloud is SIMULATED: Kubernetes, EC2 and Elasticsearch are models behind real HTTP. PostgreSQL is real.";
  return `
Berth is ready after ${seconds.toFixed(1)} s. ${cloud}
For development alone: everything listens on 127.0.0.1, and the keys below lie in ${options.data}.

  API           ${line.api_url}   (documentation: ${line.api_url}/docs)
  customer key  ${line.customer_key}
  operator key  ${line.operator_key}

Next, in another terminal of this folder:

  export BERTH_API_URL=${line.api_url} BERTH_API_KEY=${line.customer_key}
  npx berth cluster create demo --size 8g --instances 3 --zones 3 --wait
  npx berth cluster connect demo

Ctrl-C stops everything; what you made is there again at the next start.
`;
}

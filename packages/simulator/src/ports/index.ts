export { inProcessCloud } from "./in-process-cloud.ts";
export { inProcessEngine } from "./in-process-engine.ts";
export { inProcessKubernetes } from "./in-process-kubernetes.ts";

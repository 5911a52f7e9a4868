import type { KubeApi } from "./kube-api.ts";

/** The group that the tokens of Berth's machines carry. */
const BOOTSTRAPPERS = "system:bootstrappers:berth";

/**
 * Lets a machine ask for its first certificate by a bootstrap token: it may make CSRs, and nothing else.
 *
 * The second binding that kubeadm makes, which approves such requests by itself, is left out on purpose: approval is
 * Berth's, for a machine that it launched, once.
 */
export async function installBootstrapRoles(api: KubeApi): Promise<void> {
  const name = "berth:node-bootstrappers";
  const answer = await api.patch(
    "apply",
    `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}?fieldManager=berth-testing&force=true`,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: BOOTSTRAPPERS }],
    },
  );
  if (answer.status > 201) throw new Error(`the bootstrap roles were refused: ${JSON.stringify(answer.body)}`);
}

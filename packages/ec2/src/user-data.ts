import { err, ok, type Result } from "@berth/domain";

/** What a machine needs to join its kube under the one name that it may have. */
export interface JoinData {
  /** `https://HOST:PORT` of the API server as machines reach it. */
  readonly apiServerEndpoint: string;
  /** Base64 of the cluster's CA in PEM. */
  readonly caCertData: string;
  /** Bootstrap token, `abcdef.0123456789abcdef`: short-lived, good for this machine alone. */
  readonly token: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly maxPods: number;
}

export const JOIN_BEGIN = "# berth-join-begin";
export const JOIN_END = "# berth-join-end";

/** EC2's limit on user data, before base64. */
export const MAX_USER_DATA_BYTES = 16 * 1024;

/**
 * The first-boot script of a machine: host settings that engines need, then `kubeadm join` under the given name.
 *
 * For Ubuntu-like images that carry containerd, kubelet and kubeadm. The settings stand here and never in a privileged
 * init container: vm.max_map_count as Elasticsearch asks since 8.16, no swap (heap pages on disk stall a cluster), open
 * files. The CA is given whole, so no discovery by an anonymous cluster-info is needed. The token's group must be allowed
 * to read kubeadm-config and kubelet-config, to get its node and to make signing requests; Berth alone approves those.
 *
 * The same input gives the same text: it is part of a launch request that may be repeated under one token.
 * Throws RangeError when it outgrows EC2's limit.
 */
export function userDataOf(join: JoinData): string {
  const json = JSON.stringify({
    apiServerEndpoint: join.apiServerEndpoint,
    caCertData: join.caCertData,
    token: join.token,
    nodeName: join.nodeName,
    labels: Object.fromEntries(Object.entries(join.labels).sort(([one], [other]) => (one < other ? -1 : 1))),
    taints: join.taints,
    maxPods: join.maxPods,
  });
  const script = SCRIPT.replace("@JOIN@", () => json);
  if (Buffer.byteLength(script) > MAX_USER_DATA_BYTES) throw new RangeError("user data is larger than 16 KiB");
  return script;
}

export interface UserDataRefusal {
  readonly kind: "user_data_refused";
  readonly detail: string;
}

/** Reads the join data back from a script: what a simulated machine, or a test's, does at boot. */
export function parseUserData(script: string): Result<JoinData, UserDataRefusal> {
  const lines = script.split("\n");
  const begin = lines.indexOf(JOIN_BEGIN);
  const end = lines.indexOf(JOIN_END);
  if (begin < 0 || end < begin) return refuse("the marks around the join data are missing");
  let data: Partial<JoinData>;
  try {
    data = JSON.parse(lines.slice(begin + 1, end).join("\n")) as Partial<JoinData>;
  } catch {
    return refuse("what stands between the marks is not JSON");
  }
  const texts = [data.apiServerEndpoint, data.caCertData, data.token, data.nodeName];
  if (texts.some((text) => typeof text !== "string" || text === ""))
    return refuse("a field of the join data is missing");
  if (!Number.isSafeInteger(data.maxPods) || typeof data.labels !== "object" || !Array.isArray(data.taints)) {
    return refuse("labels, taints or maxPods are missing");
  }
  return ok(data as JoinData);
}

function refuse(detail: string): Result<never, UserDataRefusal> {
  return err({ kind: "user_data_refused", detail });
}

// The quoted heredoc keeps the shell from touching the JSON, which is one line and so can never hold the delimiter.
const SCRIPT = `#!/bin/bash
set -euo pipefail
umask 077

install -d -m 0700 /etc/berth
cat > /etc/berth/join.txt <<'BERTH_JOIN'
${JOIN_BEGIN}
@JOIN@
${JOIN_END}
BERTH_JOIN
grep -v '^# berth-join-' /etc/berth/join.txt > /etc/berth/join.json

# Host settings that engines check at start.
cat > /etc/sysctl.d/99-berth.conf <<'EOF'
vm.max_map_count = 1048576
vm.swappiness = 1
net.ipv4.ip_forward = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.tcp_retries2 = 5
EOF
printf 'overlay\\nbr_netfilter\\n' > /etc/modules-load.d/berth.conf
modprobe overlay
modprobe br_netfilter
sysctl --quiet --system
swapoff -a
sed -ri '/\\sswap\\s/s/^#?/#/' /etc/fstab
install -d /etc/systemd/system/containerd.service.d
printf '[Service]\\nLimitNOFILE=1048576\\nLimitMEMLOCK=infinity\\n' > /etc/systemd/system/containerd.service.d/90-berth.conf
systemctl daemon-reload
systemctl restart containerd

# The instance's own id and zone, by IMDSv2.
imds() { curl -fsS --retry 10 --retry-connrefused --max-time 5 "$@"; }
IMDS_TOKEN="$(imds -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)"
INSTANCE_ID="$(imds -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" http://169.254.169.254/latest/meta-data/instance-id)"
ZONE="$(imds -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" http://169.254.169.254/latest/meta-data/placement/availability-zone)"

# JSON is YAML: the files that kubeadm reads are written from the join data, nothing is pasted into a shell word.
INSTANCE_ID="$INSTANCE_ID" ZONE="$ZONE" python3 - <<'PY'
import json, os
join = json.load(open("/etc/berth/join.json"))
discovery = {
    "apiVersion": "v1", "kind": "Config", "current-context": "berth",
    "clusters": [{"name": "berth", "cluster": {
        "server": join["apiServerEndpoint"], "certificate-authority-data": join["caCertData"]}}],
    "users": [{"name": "berth", "user": {"token": join["token"]}}],
    "contexts": [{"name": "berth", "context": {"cluster": "berth", "user": "berth"}}],
}
labels = ",".join(f"{key}={value}" for key, value in sorted(join["labels"].items()))
configuration = {
    "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "JoinConfiguration",
    "discovery": {"file": {"kubeConfigPath": "/etc/berth/discovery.json"}, "tlsBootstrapToken": join["token"]},
    "nodeRegistration": {
        "name": join["nodeName"],
        "taints": join["taints"],
        "kubeletExtraArgs": [
            {"name": "node-labels", "value": labels},
            {"name": "max-pods", "value": str(join["maxPods"])},
            {"name": "provider-id", "value": f"aws:///{os.environ['ZONE']}/{os.environ['INSTANCE_ID']}"},
        ],
    },
}
json.dump(discovery, open("/etc/berth/discovery.json", "w"))
json.dump(configuration, open("/etc/berth/kubeadm.json", "w"))
PY

# Certificates wait for Berth's approval: a few tries cover a control plane that is busy.
for attempt in 1 2 3 4 5; do
  if kubeadm join --config /etc/berth/kubeadm.json; then break; fi
  [ "$attempt" -lt 5 ] || exit 1
  kubeadm reset --force || true
  sleep $((attempt * 10))
done
rm -f /etc/berth/join.txt /etc/berth/join.json /etc/berth/discovery.json /etc/berth/kubeadm.json
`;

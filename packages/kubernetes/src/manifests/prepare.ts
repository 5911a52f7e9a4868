/**
 * Fills the configuration folder before the engine starts. No root, no network.
 *
 * The image's own defaults first (jvm.options, log4j2.properties), then our files over them. The engine writes its keystore
 * into this folder, so it must be an emptyDir. Certificates, users and seed hosts are links to the live mounts: the kubelet
 * replaces what they lead to, and the engine sees a changed file within seconds (docs/engine-pods.md). It may run twice on
 * one emptyDir, when the pod's sandbox is made again: then links of the first run stand where files are copied to.
 */
export const PREPARE_SCRIPT = `set -euo pipefail
target=/berth/target
cp -RL --remove-destination "$ENGINE_HOME/config/." "$target/"
cp --remove-destination "/berth/config/$ENGINE_YML" "$target/$ENGINE_YML"
mkdir -p "$target/certs"
for file in ca.crt tls.crt tls.key; do ln -sfn "/berth/tls/$file" "$target/certs/$file"; done
ln -sfn /berth/seed-hosts/unicast_hosts.txt "$target/unicast_hosts.txt"
if [ "$ENGINE_YML" = opensearch.yml ]; then
  mkdir -p "$target/opensearch-security"
  cp --remove-destination /berth/users/* "$target/opensearch-security/"
else
  for file in /berth/users/*; do ln -sfn "$file" "$target/$(basename "$file")"; done
fi
`;

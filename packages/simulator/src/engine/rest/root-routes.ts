import { X509Certificate } from "node:crypto";
import { findText } from "../model/settings.ts";
import { majorOf } from "../model/versions.ts";
import { json, type RestContext } from "./http.ts";
import type { Route } from "./router.ts";

export const ROOT_ROUTES: readonly Route[] = [
  { methods: ["GET"], path: "/", action: "cluster:monitor/main", handle: (context) => json(mainBody(context)) },
  { methods: ["HEAD"], path: "/", action: "cluster:monitor/main", handle: () => ({ status: 200, body: "" }) },
  {
    methods: ["GET"],
    path: "/_ssl/certificates",
    action: "cluster:monitor/xpack/ssl/certificates/get",
    engine: "elasticsearch",
    handle: ({ node }) => {
      const path = node.config.httpTls?.certificate;
      const pem = path === undefined ? undefined : findText(node.pod.files, path);
      if (path === undefined || pem === undefined) return json([]);
      const certificate = new X509Certificate(pem);
      return json([
        {
          path,
          format: "PEM",
          alias: null,
          subject_dn: certificate.subject.replaceAll("\n", ", "),
          serial_number: certificate.serialNumber.toLowerCase(),
          has_private_key: true,
          expiry: new Date(certificate.validTo).toISOString(),
        },
      ]);
    },
  },
];

/**
 * Who the node is. The cluster's UUID is `_na_` until the node has joined one for the first time; after a restart it is
 * read from the node's disk, also while no master is there (seen on 8.19.21).
 */
function mainBody({ node, cluster }: RestContext) {
  const { config } = node;
  const opensearch = config.engine === "opensearch";
  return {
    name: config.nodeName,
    cluster_name: config.clusterName,
    cluster_uuid: cluster?.uuid ?? node.volume.clusterUuid ?? "_na_",
    version: {
      ...(opensearch ? { distribution: "opensearch" } : {}),
      number: config.version,
      ...(opensearch ? {} : { build_flavor: "default" }),
      build_type: "simulated",
      build_hash: "simulated",
      build_date: "1970-01-01T00:00:00.000Z",
      build_snapshot: false,
      lucene_version: "0.0.0",
      minimum_wire_compatibility_version: `${majorOf(config.version) - 1}.0.0`,
      minimum_index_compatibility_version: `${majorOf(config.version) - 1}.0.0`,
    },
    tagline: opensearch ? "The OpenSearch Project: https://opensearch.org/" : "You Know, for Search",
  };
}

/** Headers of an accepted change: where the resource is, where its progress is, and when to look. */
export function operationHeaders(resourcePath: string, operationId: string) {
  return {
    Location: resourcePath,
    "Operation-Location": `/v1/operations/${operationId}`,
    "Retry-After": "2",
  };
}

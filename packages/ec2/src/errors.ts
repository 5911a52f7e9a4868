import { type LaunchRefusal, PortError, type PortErrorKind } from "@berth/ports";

/** EC2 codes that change the plan of a launch. Source: EC2 API error codes (2026-10), Karpenter's pkg/errors, our own use. */
const REFUSAL_BY_CODE: Readonly<Record<string, LaunchRefusal["kind"]>> = {
  InsufficientInstanceCapacity: "insufficient_capacity",
  InsufficientHostCapacity: "insufficient_capacity",
  InsufficientReservedInstanceCapacity: "insufficient_capacity",
  InsufficientCapacity: "insufficient_capacity",
  InsufficientCapacityOnHost: "insufficient_capacity",
  UnfulfillableCapacity: "insufficient_capacity",
  ReservationCapacityExceeded: "insufficient_capacity",
  // The zone's subnet is full: another zone may do, as with missing machines.
  InsufficientFreeAddressesInSubnet: "insufficient_capacity",
  IdempotentParameterMismatch: "token_reused",
  IdempotentInstanceTerminated: "token_reused",
  InstanceLimitExceeded: "limit_exceeded",
  VcpuLimitExceeded: "limit_exceeded",
  VolumeLimitExceeded: "limit_exceeded",
  MaxIOPSLimitExceeded: "limit_exceeded",
  // The type is not offered in that zone.
  Unsupported: "unsupported",
  UnsupportedOperation: "unsupported",
};

/** Codes whose kind does not follow from the HTTP status or the shape of their name. */
const KIND_BY_CODE: Readonly<Record<string, PortErrorKind>> = {
  RequestLimitExceeded: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  EC2ThrottledException: "throttled",
  RequestThrottled: "throttled",
  TooManyRequestsException: "throttled",
  PriorRequestNotComplete: "throttled",
  UnauthorizedOperation: "denied",
  AuthFailure: "denied",
  AccessDenied: "denied",
  AccessDeniedException: "denied",
  Blocked: "denied",
  ExpiredToken: "denied",
  InvalidClientTokenId: "denied",
  MissingAuthenticationToken: "denied",
  OptInRequired: "denied",
  PendingVerification: "denied",
  // Termination protection: somebody else's decision.
  OperationNotPermitted: "denied",
  SignatureDoesNotMatch: "denied",
  CredentialsProviderError: "denied",
  IncorrectInstanceState: "conflict",
  // Our clock or a slow proxy, not our rights.
  RequestExpired: "unavailable",
  InternalError: "unavailable",
  InternalFailure: "unavailable",
  ServiceUnavailable: "unavailable",
  Unavailable: "unavailable",
  ServerInternal: "unavailable",
};

interface VendorError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The EC2 code of an error of the SDK, as `RequestLimitExceeded`; the class name for errors that never reached EC2. */
export function codeOf(error: unknown): string {
  return String((error as VendorError | null)?.name ?? "");
}

/** A launch's outcome that is a value, or undefined when the error is one to throw. */
export function refusalOf(error: unknown): LaunchRefusal | undefined {
  const kind = REFUSAL_BY_CODE[codeOf(error)];
  return kind === undefined ? undefined : { kind, message: `${codeOf(error)}: ${messageOf(error)}` };
}

/** One table from EC2's codes to kinds. Unknown codes: 4xx is invalid; 5xx, and no answer at all, is unavailable. */
export function asPortError(error: unknown, action: string): PortError {
  if (error instanceof PortError) return error;
  return new PortError(kindOf(error), `${action}: ${codeOf(error)}: ${messageOf(error)}`, { cause: error });
}

function kindOf(error: unknown): PortErrorKind {
  const code = codeOf(error);
  const known = KIND_BY_CODE[code];
  if (known !== undefined) return known;
  if (/\.NotFound$/.test(code)) return "not_found";
  const status = (error as VendorError | null)?.$metadata?.httpStatusCode;
  return status !== undefined && status >= 400 && status < 500 ? "invalid" : "unavailable";
}

function messageOf(error: unknown): string {
  return String((error as VendorError | null)?.message ?? error);
}

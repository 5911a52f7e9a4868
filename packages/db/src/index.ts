export type { Actor } from "./actor.ts";
export {
  type ApiKeyRow,
  type ApiKeySettings,
  type ApiKeyUse,
  findApiKey,
  findApiKeysByPublicId,
  findKeyLimits,
  insertApiKey,
  listApiKeys,
  lockApiKey,
  lockApiKeyQuota,
  type NewApiKeyRow,
  noteApiKeyUses,
  retireApiKey,
  revokeApiKey,
  type StoredApiKey,
  updateApiKey,
} from "./api-keys.ts";
export {
  type AuditFilter,
  type AuditQuery,
  type AuditRow,
  appendAudit,
  findAudit,
  findAuditHead,
  listAudit,
  listAuditOfAll,
  type NewAuditEvent,
} from "./audit.ts";
export { countChangedRows, type Origin } from "./audit-trail.ts";
export { hastenPurge, requestDeletion, requestRestore, updateCluster } from "./change-cluster.ts";
export {
  type CloudCommitment,
  type CloudPurchases,
  type LeftOutPurchase,
  listLaunchRegions,
  listLeftOutPurchases,
  recordCloudCommitments,
} from "./cloud-commitments.ts";
export type { ClusterRow, ComponentRow, InstanceCount, InstanceRow, WholeCluster } from "./cluster-rows.ts";
export {
  type ClusterQuery,
  findCluster,
  isClusterNameTaken,
  listClusters,
  listInstances,
  lockCluster,
  type WholeInstance,
} from "./clusters.ts";
export { alarmExpiries, type ExpiryAlarm } from "./commitment-alarms.ts";
export {
  auditCommitments,
  type CommitmentQuery,
  type CommitmentRow,
  deleteCommitment,
  type ExpiryRow,
  findCommitment,
  findSamePurchase,
  insertCommitment,
  listCommitments,
  listCommitmentsBetween,
  listExpiries,
  lockCommitments,
} from "./commitments.ts";
export { isConflict, isUnavailable, isUniqueViolation } from "./conflicts.ts";
export {
  type CredentialRow,
  findCredential,
  insertCredential,
  listCredentials,
  requestCredentialDeletion,
  type StoredCredentialRole,
} from "./credentials.ts";
export { createDatabase, type Database, type DatabaseOptions, type DatabaseRole } from "./database.ts";
export {
  type DecisionQuery,
  type DecisionRow,
  type DecisionSummary,
  findDecision,
  forgetOldDecisions,
  listDecisions,
} from "./decisions.ts";
export { dueBacklog, findDue, markDue, parseDue } from "./due.ts";
export { createEnvelope, type Envelope, type Sealed, type SealOnce } from "./envelope.ts";
export {
  appendEvent,
  type EventQuery,
  type EventRow,
  latestSeq,
  listEvents,
  type NewEvent,
  parseEventNotice,
  seqOfEvent,
} from "./events.ts";
export {
  listMachineRuns,
  listOnDemandPrices,
  listRateBooks,
  type MachineRunRow,
  type OnDemandPriceRow,
  type RateBookRow,
} from "./fleet-history.ts";
export {
  countUnplaced,
  type FleetNodeRow,
  listFleetNodes,
  listSaleOfferings,
  type SaleOfferingRow,
} from "./fleet-nodes.ts";
export {
  claimIdempotencyKey,
  forgetOldOutcomes,
  type IdempotencyClaim,
  IdempotencyInFlight,
  placeOfOutcome,
  type StoredOutcome,
  storeOutcome,
} from "./idempotency.ts";
export { ClusterNameTaken, type InsertedCluster, insertCluster, type NewCluster } from "./insert-cluster.ts";
export { type InstanceUsage, listKubeIds, recordInstanceUsage } from "./instance-usage.ts";
export {
  createInvitation,
  findInvitation,
  findInvitationByToken,
  type InvitationQuery,
  type InvitationRow,
  type InvitationState,
  insertInvitation,
  listInvitations,
  lockInvitation,
  markAccepted,
  renewInvitation,
  revokeInvitation,
} from "./invitations.ts";
export {
  findKube,
  findKubeCapacities,
  insertKube,
  type KubeCapacity,
  type KubeRow,
  listKubes,
  listOpenRegions,
  type NewKube,
} from "./kubes.ts";
export { acquireLease, createLeases, type Lease, LeaseEnded, releaseLease } from "./leases.ts";
export { type Channel, type Listener, listen } from "./listen.ts";
export { clusterStore } from "./loops/clusters.ts";
export { LeaseLost } from "./loops/fenced.ts";
export { type LaunchSecrets, machineStore } from "./loops/machines.ts";
export { orphanStore } from "./loops/orphans.ts";
export { placementStore } from "./loops/placement.ts";
export {
  type CloudPriceLine,
  type CloudPrices,
  type PriceReadingRecord,
  type PriceReadingStore,
  priceReadingStore,
} from "./loops/price-readings.ts";
export { type BoughtReservation, type PurchaseRecord, type PurchaseStore, purchaseStore } from "./loops/purchases.ts";
export { rebalanceStore } from "./loops/rebalance.ts";
export type * from "./loops/rebalance-types.ts";
export { type ReservationStore, reservationStore } from "./loops/reservations.ts";
export { studyStore } from "./loops/studies.ts";
export type * from "./loops/study-types.ts";
export type * from "./loops/types.ts";
export {
  findMachine,
  type LaunchRow,
  listLaunches,
  listMachines,
  listResidents,
  type MachineQuery,
  type MachineRow,
  type ResidentRow,
} from "./machines.ts";
export {
  countOtherOwners,
  findMember,
  findMemberByEmail,
  insertMember,
  listMembers,
  type MemberQuery,
  type MemberRow,
  removeMember,
  updateMember,
} from "./members.ts";
export {
  type MigrateAnswer,
  type MigrateOptions,
  MigrationFailed,
  type MigrationStatus,
  migrate,
  migrationStatus,
} from "./migrate.ts";
export { MigrationRefused } from "./migrations.ts";
export { importOfferings, listMachineTypes, type OfferingRow } from "./offerings.ts";
export {
  cancelOpenOperations,
  findLastOperation,
  findOpenOperation,
  findOperation,
  insertOperation,
  listOperations,
  type OperationInProgress,
  type OperationQuery,
  type OperationRow,
  type StoredStep,
} from "./operations.ts";
export { type OperatorRead, type OperatorSight, recordOperatorRead } from "./operator-reads.ts";
export {
  DEFAULT_LIMITS,
  findOrganization,
  findOrganizationByName,
  insertOrganization,
  type Limits,
  limitsOf,
  listOrganizations,
  lockAnyOrganization,
  lockOrganization,
  type NewLimits,
  type OrganizationRow,
  renameOrganization,
  resumeOrganization,
  suspendOrganization,
  updateLimits,
  updateSpendCap,
} from "./organizations.ts";
export {
  forgetOldSamples,
  insertPackingSamples,
  listLoadHours,
  type NewPackingSample,
  type PackingDay,
  type PackingPoint,
  readPackingDays,
  readPackingHistory,
  SAMPLE_SECONDS,
} from "./packing-samples.ts";
export {
  findLastColdPlans,
  findPackingStudy,
  forgetOldStudies,
  insertPackingStudy,
  listColdPlans,
  listPackingStudies,
  type PackingStudyRow,
  queueNightlyColdPlans,
  readStudyFile,
} from "./packing-studies.ts";
export type { ListQuery, PlaceInList } from "./page-by-age.ts";
export {
  findPool,
  insertPool,
  isPoolNameTaken,
  listPools,
  lockPool,
  type PoolPolicy,
  type PoolRow,
  updatePool,
} from "./pools.ts";
export {
  auditPriceBook,
  findPriceBook,
  insertPriceBook,
  insertRateBook,
  listPriceBooks,
  listPriceBooksInForce,
  lockPrices,
  type NewPriceBook,
  type PriceBookRow,
  type RatesOfType,
  type WholePriceBook,
} from "./price-books.ts";
export {
  askPriceReading,
  ensurePriceReadings,
  findPriceReading,
  listPriceReadings,
  type PriceReadingRow,
} from "./price-readings.ts";
export {
  countClustersOf,
  countProjects,
  createProject,
  deleteProject,
  findProject,
  insertProject,
  listProjects,
  type ProjectQuery,
  type ProjectRow,
  pageOfProjects,
  renameProject,
} from "./projects.ts";
export { lockFleetQuota, lockQuota, readFleetQuota, readQuota, readQuotas } from "./quotas.ts";
export {
  changeRebalancePlan,
  findRebalanceLook,
  findRebalancePlan,
  forgetOldRebalancePlans,
  listRebalancePlans,
  lockRebalancePlan,
  type PoolOutlook,
  type RebalanceLookRow,
  type RebalanceMoveRow,
  type RebalancePlanQuery,
  type RebalancePlanRow,
  requestRebalance,
  type WholeRebalancePlan,
} from "./rebalance-plans.ts";
export {
  decideReservationPlan,
  findCurrentReservationPlan,
  findReservationPlan,
  forgetOldReservationPlans,
  insertReservationPlan,
  listReservationPlans,
  lockReservationPlan,
  type PlanPriceBook,
  queueNightlyReservationPlan,
  type ReservationPlanRow,
  readReservationCase,
  type WholeReservationPlan,
} from "./reservation-plans.ts";
export {
  changeReservationPurchase,
  findReservationPurchase,
  insertReservationPurchases,
  isBoughtSince,
  listReservationPurchases,
  listSettledPurchases,
  lockReservationPurchase,
  type NewReservationPurchase,
  type ReservationPurchaseRow,
  recordBoughtByHand,
  type SettledPurchase,
} from "./reservation-purchases.ts";
export { TransactionContended } from "./retry.ts";
export { type OperatorDatabase, operatorDatabase, type Reach, type ScopedDatabase, tenantDatabase } from "./scoped.ts";
export {
  findClusterCa,
  placeOfSecret,
  type SealedSecret,
  type SecretKeeper,
  sealSecret,
  secretKeeper,
  storeSecret,
} from "./secrets.ts";
export type { Page, Sql, Tx } from "./sql.ts";
export {
  CommitOutcomeUnknown,
  type PrismaTx,
  sqlTransaction,
  type TransactionOptions,
  transaction,
} from "./transaction.ts";

import { getMe } from "./account.ts";
import {
  createCommitment,
  deleteCommitment,
  getCommitment,
  getCommitmentUsage,
  importCommitments,
  listCommitmentExpiries,
  listCommitments,
} from "./admin-commitments.ts";
import { getPlacementDecision, listPlacementDecisions } from "./admin-decisions.ts";
import { createKube, getKube, listKubes } from "./admin-kubes.ts";
import { getMachine, listMachines } from "./admin-machines.ts";
import {
  createOrganization,
  getAnyOrganization,
  listOrganizations,
  resumeOrganization,
  suspendOrganization,
  updateQuotas,
} from "./admin-organizations.ts";
import { getPacking } from "./admin-packing.ts";
import { getCapacityForecast, getPackingHistory } from "./admin-packing-history.ts";
import {
  createPackingStudy,
  getPackingStudy,
  getPackingStudyFile,
  listPackingStudies,
} from "./admin-packing-studies.ts";
import { createPool, getPool, listPools, updatePool } from "./admin-pools.ts";
import { getPriceBook, importPriceBook, listPriceBooks } from "./admin-price-books.ts";
import { createPriceReading, getPriceReading, listPriceReadings } from "./admin-price-readings.ts";
import {
  approveRebalancePlan,
  cancelRebalancePlan,
  createRebalancePlan,
  getRebalanceLook,
  getRebalancePlan,
  listRebalancePlans,
  pauseRebalancePlan,
  resumeRebalancePlan,
} from "./admin-rebalance.ts";
import {
  approveReservationPlan,
  createReservationPlan,
  getReservationPlan,
  getReservationPlanFile,
  listReservationPlans,
  rejectReservationPlan,
} from "./admin-reservation-plans.ts";
import {
  dropReservationPurchase,
  getReservationPurchase,
  listReservationPurchases,
  retryReservationPurchase,
} from "./admin-reservation-purchases.ts";
import { getSavings, getSavingsFile } from "./admin-savings.ts";
import { createApiKey, getApiKey, listApiKeys, revokeApiKey, rotateApiKey, updateApiKey } from "./api-keys.ts";
import { exportAuditEvents, getAuditEvent, getAuditHead, listAuditEvents, listAuditEventsOfAll } from "./audit.ts";
import { listRegions, listSizes, listVersions } from "./catalogue.ts";
import {
  createCluster,
  deleteCluster,
  getCluster,
  getConnection,
  getInstance,
  listClusters,
  listComponents,
  listInstances,
  restoreCluster,
  updateCluster,
} from "./clusters.ts";
import { createCredential, deleteCredential, getCredential, listCredentials } from "./credentials.ts";
import { createEstimate } from "./estimates.ts";
import { listEvents } from "./events.ts";
import { getLivez, getReadyz, getVersion } from "./health.ts";
import {
  acceptInvitation,
  createInvitation,
  getInvitation,
  listInvitations,
  resendInvitation,
  revokeInvitation,
} from "./invitations.ts";
import { getMember, leaveOrganization, listMembers, removeMember, updateMember } from "./members.ts";
import { getOperation, listOperationEvents, listOperations, waitForOperation } from "./operations.ts";
import { getOrganization, getQuotas, updateOrganization, updateSpendCap } from "./organizations.ts";
import { createProject, deleteProject, getProject, listProjects, updateProject } from "./projects.ts";

/** Every route by its operation id. What is not here is not served. */
export const ROUTES = {
  getMe,
  getOrganization,
  updateOrganization,
  updateSpendCap,
  getQuotas,
  createApiKey,
  listApiKeys,
  getApiKey,
  updateApiKey,
  revokeApiKey,
  rotateApiKey,
  leaveOrganization,
  listMembers,
  getMember,
  updateMember,
  removeMember,
  createInvitation,
  listInvitations,
  getInvitation,
  revokeInvitation,
  resendInvitation,
  acceptInvitation,
  createProject,
  listProjects,
  getProject,
  updateProject,
  deleteProject,
  listRegions,
  listVersions,
  listSizes,
  createEstimate,
  createCluster,
  listClusters,
  getCluster,
  updateCluster,
  deleteCluster,
  restoreCluster,
  listComponents,
  listInstances,
  getInstance,
  getConnection,
  listCredentials,
  createCredential,
  getCredential,
  deleteCredential,
  listOperations,
  getOperation,
  waitForOperation,
  listOperationEvents,
  listEvents,
  listAuditEvents,
  exportAuditEvents,
  getAuditHead,
  getAuditEvent,
  listOrganizations,
  createOrganization,
  getAnyOrganization,
  updateQuotas,
  suspendOrganization,
  resumeOrganization,
  createKube,
  listKubes,
  getKube,
  createPool,
  listPools,
  getPool,
  updatePool,
  importPriceBook,
  listPriceBooks,
  getPriceBook,
  createPriceReading,
  listPriceReadings,
  getPriceReading,
  createCommitment,
  importCommitments,
  listCommitments,
  listCommitmentExpiries,
  getCommitmentUsage,
  getCommitment,
  deleteCommitment,
  createReservationPlan,
  listReservationPlans,
  getReservationPlan,
  getReservationPlanFile,
  approveReservationPlan,
  rejectReservationPlan,
  listReservationPurchases,
  getReservationPurchase,
  dropReservationPurchase,
  retryReservationPurchase,
  getSavings,
  getSavingsFile,
  createRebalancePlan,
  getRebalanceLook,
  listRebalancePlans,
  getRebalancePlan,
  approveRebalancePlan,
  pauseRebalancePlan,
  resumeRebalancePlan,
  cancelRebalancePlan,
  listMachines,
  getMachine,
  listPlacementDecisions,
  getPlacementDecision,
  getPacking,
  getPackingHistory,
  getCapacityForecast,
  createPackingStudy,
  listPackingStudies,
  getPackingStudy,
  getPackingStudyFile,
  listAuditEventsOfAll,
  getLivez,
  getReadyz,
  getVersion,
} as const;

export type Routes = typeof ROUTES;
export type OperationName = keyof Routes;

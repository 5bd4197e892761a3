export { Attribute, Computed, ComputedList, Document, Hidden } from "./attribute.js";
export { refuseLargeAnswer } from "./answer-size.js";
export * from "./connection.js";
export type { Context, Deployment, Impersonation, SessionSigner, Sighting, Viewer } from "./context.js";
export * from "./errors.js";
export { subgraphSchema, subgraphSdl, type Entities } from "./federation.js";
export { FairQueue } from "./fair-queue.js";
export { allOf, dayRange, LISTS, MAX_SEARCH, refuseLongLists, searchOf, searchText } from "./filter.js";
export { fromGlobalId, keyOf, toGlobalId } from "./global-id.js";
export { IdempotencyKey, IdempotentInput, shownAgain } from "./idempotency.js";
export { MutationInput } from "./mutation-input.js";
export { by, byInstant, byNullable, byNumber, type Direction, type Segment, type Sort } from "./keyset.js";
export { existsBy, Loaders, oneBy, ruled, type OneBy, type RowRule } from "./loader.js";
export { GlobalId, globalIdSql, Node } from "./node.js";
export { nodeQueries } from "./node-queries.js";
export { GuidArgs, guidOf, UuidArgs, uuidOf } from "./key-args.js";
export { type Order, OrderDirection, orderOf } from "./order.js";
export { bindOperations, Read, Related, Write, type Allow, type OperationExtension } from "./operation.js";
export { auditWrites, constraintMeans, payloadOf, DryRun } from "./payload.js";
export {
  DateScalar,
  DateTime,
  EmailAddress,
  isCalendarDay,
  isEmailAddress,
  isUuid,
  JSONValue,
  UUID,
} from "./scalars.js";
export { digestOf, Secrets, tenantOfTicket, ticket } from "./secrets.js";
export { columnOf, selectList, snakeCase, tableOf, type Deriving, type Entity } from "./table.js";
export { openTenantDoor, TenantDb, type Change, type SqlRunner, type Statement } from "./tenant-db.js";
export { containsPattern, foldCase, isStorable, normalise } from "./text.js";
export { turn } from "./turns.js";
export { default as sql, empty, join, raw, Sql } from "sql-template-tag";
export { isValueNode, literalPath, StorableTextRule, refuseUnstorable } from "./bad-input.js";
export { compilingExecutor, type Executable, executorGateway, plainExecutor, stringifyResult } from "./executor.js";
export { extentRule, LIMITS, type Limits } from "./limits.js";
export { FAILURE_STATUS, failure, failureCode, isFault, publicError } from "./public-error.js";

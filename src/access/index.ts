export * from "./permissions.js";
export { Role, roleByGuid, RoleScope, roleVisible, UserGroupKind, UserRole } from "./role.js";
export { SESSION_ALGORITHM, SessionKeys } from "./session-keys.js";
export { Tenant, tenantOf } from "./tenant.js";
export {
  ACCESS_TOKEN_TYPE,
  readPublicKeys,
  SESSION_SECONDS,
  sessionSigner,
  tokenVerifier,
  type Claims,
  type TokenRules,
  type TokenVerifier,
} from "./tokens.js";
export { ANONYMOUS, mayImpersonate, printedNameSql, lastSighting, sightingOf } from "./viewer.js";

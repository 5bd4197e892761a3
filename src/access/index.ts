export * from "./permissions.js";
export { Role, UserRole } from "./role.js";
export {
  ACCESS_TOKEN_TYPE,
  readPublicKeys,
  tokenVerifier,
  type Claims,
  type TokenRules,
  type TokenVerifier,
} from "./tokens.js";
export { ANONYMOUS, viewerOf } from "./viewer.js";

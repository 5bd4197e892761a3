export { createSampleTenant, DEMO_TENANT, ensureDemoTenant, type DemoTenant, type KnownUser } from "./demo-tenant.js";
export {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_SESSION_ISSUER,
  developmentKey,
  developmentSecret,
  isDevelopmentKey,
  type DevelopmentClaims,
  type DevelopmentKey,
} from "./development-key.js";

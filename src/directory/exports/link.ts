import { errors, jwtVerify, SignJWT } from "jose";
import { type Context, isUuid, type Secrets } from "../../kit/index.js";
import type { UserExport } from "./user-export.js";

/** Where files are downloaded, with a token behind it. */
export const LINK_PATH = "/exports/";

/** Neither is an access token's: a link signs nobody in, and no access token is a link. */
const TYPE = "export+jwt";
const AUDIENCE = "users-subgraph/exports";
const ALGORITHM = "HS256";

const keysOf = (secrets: Secrets): Buffer[] => secrets.derive("export link");

/**
 * The address of a file. Its token follows from the export and the deployment's secret: it is stored nowhere, can be told
 * again to who asked for it, and is good for any of the deployment's servers.
 */
export async function linkTo(
  { guid, expiresAt }: Pick<UserExport, "guid" | "expiresAt">,
  { db, secrets, deployment: { publicUrl, issuer } }: Pick<Context, "db" | "secrets" | "deployment">,
): Promise<string> {
  const token = await new SignJWT({ tenant_id: db.tenantId })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setSubject(guid)
    .setExpirationTime(new Date(expiresAt))
    .sign(keysOf(secrets)[0]!);
  return publicUrl + LINK_PATH + token;
}

/** Which export a link's token is for; null for a text that is no token of a link, or one past its end. */
export async function exportOfLink(
  token: string,
  secrets: Secrets,
  issuer: string,
): Promise<{ tenantId: string; guid: string } | null> {
  for (const key of keysOf(secrets)) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience: AUDIENCE,
        requiredClaims: ["exp", "sub", "tenant_id"],
      });
      const { tenant_id: tenantId, sub: guid } = payload as { tenant_id: unknown; sub: string };
      return typeof tenantId === "string" && isUuid(tenantId) && isUuid(guid) ? { tenantId, guid } : null;
    } catch (error) {
      // While one secret replaces another, the other one may have signed it.
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
    }
  }
  return null;
}

import { LoginToken } from "./login-token.js";
import { CreateLoginToken } from "./mutations/create-login-token.js";
import { RedeemLoginToken } from "./mutations/redeem-login-token.js";

export const impersonation = {
  resolvers: [CreateLoginToken, RedeemLoginToken],
  tables: [LoginToken],
} as const;

import { Resolver } from "type-graphql";
import { type Context, GuidArgs, guidOf, Read, Related } from "../../kit/index.js";
import { User, userByGuid } from "../../users/index.js";
import { linkTo } from "./link.js";
import { exportByGuid, exporters, isLive, isRequester, UserExport } from "./user-export.js";

@Resolver()
export class ExportQueries {
  @Read({
    type: () => UserExport,
    nullable: true,
    args: () => GuidArgs,
    allow: exporters,
    description:
      "One export by exactly one key; null when there is none that the caller may see: administrators all, a service its own.",
    one: exportByGuid,
    key: guidOf("UserExport"),
  })
  userExport!: UserExport | null;
}

@Resolver(() => UserExport)
export class FieldsOfUserExport {
  @Related({
    type: () => String,
    nullable: true,
    allow: exporters,
    description:
      "Where the file is downloaded, by GET without a token of access: the address holds one of its own, so treat it as a secret. Works until `expiresAt`, any number of times, while whoever asked is active and may export; otherwise it answers 404, and 503 with `Retry-After` while too many files are being downloaded. A connection that is cut means that the file is incomplete. Null once it does not work any more, and for everybody but who asked.",
  })
  async downloadUrl(userExport: UserExport, ctx: Context): Promise<string | null> {
    return isLive(userExport, ctx.now) && isRequester(ctx.viewer, userExport) ? linkTo(userExport, ctx) : null;
  }

  @Related({
    type: () => User,
    nullable: true,
    allow: exporters,
    description: "Who asked for it; null for a service.",
    one: userByGuid,
    from: "userId",
  })
  requestedBy!: User | null;
}

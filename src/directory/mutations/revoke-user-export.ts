import { Field, ID, InputType, Resolver } from "type-graphql";
import { type Context, keyOf, MutationInput, payloadOf, ruled, Write } from "../../kit/index.js";
import { exporters, exportVisible, UserExport, UserExportStatus } from "../exports/user-export.js";

@InputType()
class RevokeUserExportInput extends MutationInput {
  @Field(() => ID, { description: "The export whose link is taken back: global id or guid." })
  exportId!: string;
}

const RevokeUserExportPayload = payloadOf("RevokeUserExport", { userExport: () => UserExport });

@Resolver()
export class RevokeUserExport {
  @Write({
    input: () => RevokeUserExportInput,
    payload: () => RevokeUserExportPayload,
    allow: exporters,
    description:
      "Takes the link of an export back: it is void from now on, and a download under way breaks off within seconds. An administrator may take back anybody's. Taken back already: succeeds.",
  })
  async revokeUserExport(input: RevokeUserExportInput, ctx: Context): Promise<{ userExport: UserExport }> {
    const { db } = ctx;
    const guid = keyOf("UserExport", input.exportId, ["input", "exportId"]);
    const userExport = await db.get(UserExport, { guid }, "exportId", ruled(exportVisible, ctx, "n"));
    return { userExport: db.update(UserExport, userExport, { storedStatus: UserExportStatus.REVOKED }) };
  }
}

import { InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { type Context, payloadOf, refuse, sql, UsersErrorCode, Write } from "../../kit/index.js";
import { Form, FormEnablement, FormKind, FormState } from "../form.js";
import { FormInput } from "../inputs.js";
import { formToChange } from "../editing.js";

@InputType()
class ArchiveFormInput extends FormInput {}

const ArchiveFormPayload = payloadOf("ArchiveForm", { form: () => Form });

@Resolver()
export class ArchiveForm {
  @Write({
    input: () => ArchiveFormInput,
    payload: () => ArchiveFormPayload,
    allow: administrators("forms.write"),
    description:
      "Puts a published form away for good: disables it and drops what is staged. Implementations stay, and open ones can be completed.",
  })
  async archiveForm(input: ArchiveFormInput, ctx: Context): Promise<{ form: Form }> {
    const { db } = ctx;
    const form = await formToChange(ctx, input, Object.values(FormKind));
    if (form.state !== FormState.PUBLISHED) {
      refuse(UsersErrorCode.INVALID_TRANSITION, `Cannot archive a form that is ${form.state}.`, "formId");
    }
    if (form.stagedRevisionId !== null) {
      await db.query(
        sql`DELETE FROM form_revisions AS n WHERE ${db.tenantIs("n")} AND n.id = ${form.stagedRevisionId}`,
      );
    }
    const changes = { state: FormState.ARCHIVED, enablement: FormEnablement.DISABLED, stagedRevisionId: null };
    return { form: db.update(Form, form, changes) };
  }
}

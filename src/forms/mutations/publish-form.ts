import { InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { type Context, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { Form, FormKind, FormState } from "../form.js";
import { FormInput } from "../inputs.js";
import { FormRevision } from "../revision.js";
import { formToChange, refuseArchived } from "../editing.js";

@InputType()
class PublishFormInput extends FormInput {}

const PublishFormPayload = payloadOf("PublishForm", { form: () => Form });

@Resolver()
export class PublishForm {
  @Write({
    input: () => PublishFormInput,
    payload: () => PublishFormPayload,
    allow: administrators("forms.write"),
    description:
      "Finishes a draft, or puts the staged revision in place of the present one. Implementations keep the revision that they were made from; completed ones go on counting. Refused with INVALID_TRANSITION when nothing is staged.",
  })
  async publishForm(input: PublishFormInput, ctx: Context): Promise<{ form: Form }> {
    const { db, now } = ctx;
    const form = await formToChange(ctx, input, Object.values(FormKind));
    refuseArchived(form);
    if (form.state === FormState.PUBLISHED && form.stagedRevisionId === null) {
      refuse(UsersErrorCode.INVALID_TRANSITION, "It is published already, and nothing is staged.", "formId");
    }
    const next = await db.get(FormRevision, { uuid: form.stagedRevisionId ?? form.revisionId }, "formId");
    if (next.formFields.length === 0) refuse(UsersErrorCode.REQUIRED, "The form has no fields.", "formId");
    db.update(FormRevision, next, { publishedAt: now.toISOString() });
    const { uuid: revisionId, name, description } = next;
    const changes = { state: FormState.PUBLISHED, revisionId, stagedRevisionId: null, name, description };
    return { form: db.update(Form, form, changes) };
  }
}

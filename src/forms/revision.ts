import { ObjectType } from "type-graphql";
import { Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Attribute, DateTime, Document, Hidden, oneBy, UUID } from "../kit/index.js";
import { type Definition, FormField, FormPage, FormSetting } from "./definition.js";

/** One state of what a form asks. Once published it never changes again. */
@ObjectType("UserFormRevision", {
  description: "One state of what a form asks; once published it never changes again.",
})
@Entity("form_revisions")
@ForeignKey("Form", ["tenantId", "formId"], ["tenantId", "uuid"], { name: "form_revisions_form" })
@Index("form_revisions_by_form", ["tenantId", "formId", "number"], { unique: true })
export class FormRevision implements Definition {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id." })
  uuid!: string;

  @Hidden("uuid")
  formId!: string;

  @Attribute(() => Number, { description: "Counts the form's revisions from 1." })
  number!: number;

  @Attribute(() => String, { description: "What people read." })
  name!: string;

  @Attribute(() => String, { nullable: true, description: "What the form is for." })
  description!: string | null;

  @Document(() => [FormPage], { description: "Its pages in their order; at most 50." })
  formPages!: FormPage[];

  @Document(() => [FormField], { description: "Its fields in their order; at most 500." })
  formFields!: FormField[];

  @Document(() => [FormSetting], { description: "What it tells whoever shows it; at most 50." })
  formSettings!: FormSetting[];

  @Attribute(() => Number, {
    nullable: true,
    description:
      "For how many months completed answers are valid: through the whole day (UTC) so many months after. Null: without end.",
  })
  revalidateAfterMonths!: number | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was made." })
  createdAt!: string;

  @Attribute(() => DateTime, { nullable: true, description: "When it was published. Null: it can still change." })
  publishedAt!: string | null;
}

/** The revision of a form or an implementation that the caller was shown. */
export const revisionShown = oneBy(FormRevision, "uuid", () => null);

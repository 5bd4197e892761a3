import { ObjectType } from "type-graphql";
import { Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { EnforcementType, Form } from "../forms/index.js";
import { Computed, raw } from "../kit/index.js";
import { Classification } from "../users/index.js";

@ObjectType({
  implements: Form,
  description: "A form that asks investors for their preferences, perhaps those of some classifications alone.",
})
export class InvestorPreferenceForm extends Form {
  @Computed<Form>(() => EnforcementType, {
    description: "How much it is insisted on while it is enabled.",
    of: (form) => form.enforcementType,
    sql: (row) => raw(`${row}.enforcement_type`),
  })
  declare enforcementType: EnforcementType;

  @Computed<Form>(() => Boolean, {
    description: "Investors may change their answers after completing them, by reopening. Staff always may.",
    of: (form) => form.editable,
    sql: (row) => raw(`${row}.editable`),
  })
  declare editable: boolean;
}

/** A form is for investors of this classification. A form without any is for all. */
@ObjectType()
@Entity("form_classifications")
@ForeignKey(() => Form, ["tenantId", "formId"], ["tenantId", "uuid"], { name: "form_classifications_form" })
@ForeignKey(() => Classification, ["tenantId", "classificationId"], ["tenantId", "guid"], {
  name: "form_classifications_classification",
})
@Index("form_classifications_by_classification", ["tenantId", "classificationId", "formId"])
export class FormClassification {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid")
  formId!: string;

  @PrimaryColumn("uuid")
  classificationId!: string;
}

import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Attribute, DateTime, GlobalId, Hidden, Node, normalise } from "../kit/index.js";
import { User } from "./user.js";

/** A label for investors, such as "High Net Worth Individual". */
@ObjectType({ implements: Node, description: "A label that investors are given, such as High Net Worth Individual." })
@Entity("classifications")
@Index("classifications_reference", ["tenantId", "reference"], { unique: true })
@Index("classifications_name", ["tenantId", "nameNorm"], { unique: true })
export class Classification implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @PrimaryColumn("uuid", { name: "id" })
  guid!: string;

  @Attribute(() => String, { description: "The platform's own short id, e.g. `123`. Unique in the tenant." })
  reference!: string;

  @Attribute(() => String, { description: "What people read. Unique in the tenant without regard to case." })
  name!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was made." })
  createdAt!: string;

  @Hidden("text", { select: false })
  nameNorm!: string;

  static derive({ name = "" }: Partial<Classification>): Partial<Classification> {
    return { nameNorm: normalise(name) };
  }
}

export enum ClassificationSource {
  MANUAL = "MANUAL",
  AUTOMATIC = "AUTOMATIC",
}
registerEnumType(ClassificationSource, {
  name: "ClassificationSource",
  description: "Who gave an investor a classification.",
  valuesConfig: {
    MANUAL: { description: "A member of staff." },
    AUTOMATIC: { description: "The platform, e.g. from completed forms." },
  },
});

/** An investor holds a classification, until its validity ends. */
@ObjectType()
@Entity("user_classifications")
@Check("user_classifications_source", `"source" IN ('MANUAL', 'AUTOMATIC')`)
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "user_classifications_user" })
@ForeignKey(() => Classification, ["tenantId", "classificationId"], ["tenantId", "guid"], {
  name: "user_classifications_classification",
})
@Index("user_classifications_by_classification", ["tenantId", "classificationId", "userId", "validUntil"])
export class UserClassification {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid")
  userId!: string;

  @PrimaryColumn("uuid")
  classificationId!: string;

  @Attribute(() => ClassificationSource, { description: "Who gave it." })
  source!: ClassificationSource;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was given." })
  assignedAt!: string;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "Until when it counts. Null: without end. Past it, it is not listed.",
  })
  validUntil!: string | null;
}

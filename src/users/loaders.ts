import { by, type ListOf, oneBy, pagesBy, sql } from "../kit/index.js";
import { Classification, UserClassification } from "./classification.js";
import { userVisible } from "./rules.js";
import { User } from "./user.js";

export const userByGuid = oneBy(User, "guid", userVisible);

export const classificationByGuid = oneBy(Classification, "guid", () => null);

/** All classifications of the tenant. */
export const classificationList: ListOf = { name: "classifications", node: Classification, rule: () => null };

/** The classifications that count for a user now. */
export const classificationsByUser = pagesBy(
  {
    name: "User.classifications",
    node: Classification,
    rule: () => null,
    edge: {
      entity: UserClassification,
      node: "classificationId",
      where: (now) => sql`(e.valid_until IS NULL OR e.valid_until > ${now})`,
    },
  },
  "userId",
  { sort: by("n.name_norm"), direction: "ASC" },
);

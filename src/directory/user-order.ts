import { registerEnumType } from "type-graphql";
import { by, byNullable, orderOf, type Sort } from "../kit/index.js";
import { byInviteStatus, userInviteColumns } from "../users/index.js";

export enum UserOrderField {
  NAME = "NAME",
  USERNAME = "USERNAME",
  EMAIL = "EMAIL",
  CREATED_AT = "CREATED_AT",
  LAST_LOGIN = "LAST_LOGIN",
  STATUS = "STATUS",
  INVITE_STATUS = "INVITE_STATUS",
  INVITE_DATE_INVITED = "INVITE_DATE_INVITED",
  ONBOARDING_DATE_COMPLETED = "ONBOARDING_DATE_COMPLETED",
}

/** A sort option is its columns; ties are broken by guid. Nulls come last in ascending, first in descending order. */
export const USER_SORTS: Record<UserOrderField, Sort> = {
  NAME: byNullable("n.sort_name"),
  USERNAME: byNullable("n.username_norm"),
  EMAIL: by("n.email_norm"),
  CREATED_AT: byNullable("n.created_at", "instant"),
  LAST_LOGIN: byNullable("n.last_login", "instant"),
  STATUS: by("n.status"),
  INVITE_STATUS: byInviteStatus(userInviteColumns("n")),
  INVITE_DATE_INVITED: byNullable("n.invite_date_invited", "instant"),
  ONBOARDING_DATE_COMPLETED: byNullable("n.onboarding_date_completed", "instant"),
};

registerEnumType(UserOrderField, {
  name: "UserOrderField",
  description:
    "What users are ordered by. Without a value: last in ascending, first in descending order. Ties: by guid.",
  valuesConfig: {
    NAME: { description: "Surname, then forename, without regard to case and accents." },
    USERNAME: { description: "The username, without regard to case." },
    EMAIL: { description: "The contact e-mail address, without regard to case." },
    CREATED_AT: { description: "When the account was made." },
    LAST_LOGIN: { description: "When the user last signed in." },
    STATUS: { description: "The status as a word." },
    INVITE_STATUS: { description: "The latest invitation's status as a word." },
    INVITE_DATE_INVITED: { description: "When the latest invitation was sent." },
    ONBOARDING_DATE_COMPLETED: { description: "When onboarding was completed." },
  },
});

export const UserOrder = orderOf("User", UserOrderField, "NAME");

import { constraintMeans, UsersErrorCode } from "../kit/index.js";
import { Classification, UserClassification } from "./classification.js";
import { classificationByGuid, userByGuid } from "./loaders.js";
import { CreateClassification } from "./mutations/create-classification.js";
import { ReactivateUser } from "./mutations/reactivate-user.js";
import { SuspendUser } from "./mutations/suspend-user.js";
import { UpdateCurrentUser } from "./mutations/update-current-user.js";
import { UpdateUser } from "./mutations/update-user.js";
import { UpdateUserClassifications } from "./mutations/update-user-classifications.js";
import { UserFields, UserQueries } from "./queries.js";
import { User } from "./user.js";

constraintMeans("users_contact_email", UsersErrorCode.TAKEN, "Another user has this e-mail address.", "email");
constraintMeans("users_username", UsersErrorCode.TAKEN, "Another user has this username.", "username");
constraintMeans("classifications_name", UsersErrorCode.TAKEN, "Another classification has this name.", "name");
constraintMeans(
  "classifications_reference",
  UsersErrorCode.TAKEN,
  "Another classification has this reference.",
  "reference",
);

export const users = {
  resolvers: [
    UserQueries,
    UserFields,
    UpdateUser,
    UpdateCurrentUser,
    SuspendUser,
    ReactivateUser,
    UpdateUserClassifications,
    CreateClassification,
  ],
  tables: [User, Classification, UserClassification],
  nodes: { User: userByGuid, Classification: classificationByGuid },
  /** Federation entities: type -> its platform key. */
  entities: { User: { key: "guid", by: userByGuid } },
} as const;

export {
  byInviteStatus,
  InviteStatus,
  type InviteColumns,
  inviteStatusIn,
  inviteStatusOf,
  inviteStatusSql,
  userInviteColumns,
} from "./invite-status.js";
export { classificationByGuid, classificationsByUser, userByGuid } from "./loaders.js";
export { UserConnection } from "./queries.js";
export {
  keptText,
  lockAdministrators,
  multilineText,
  optionalText,
  PROFILE_LIMITS,
  profileChanges,
  refuseForeignDomain,
  refuseLockout,
  refuseRevoked,
  refuseStale,
  requiredText,
  statusAfter,
  usersToChange,
  userToChange,
  userVisible,
} from "./rules.js";
export { Classification, ClassificationSource, UserClassification } from "./classification.js";
export { printedName, User, UserStatus, UserType } from "./user.js";

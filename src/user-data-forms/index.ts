import { userDataFormByUuid } from "./loaders.js";
import { CreateUserDataForm } from "./mutations/create-user-data-form.js";
import { CreateUserDataFormImplementation } from "./mutations/create-user-data-form-implementation.js";
import { DeleteUserDataForm } from "./mutations/delete-user-data-form.js";
import { UpdateUserDataForm } from "./mutations/update-user-data-form.js";
import { UpdateUserDataFormState } from "./mutations/update-user-data-form-state.js";
import { FieldsOfEnabledUserDataForm, UserDataFormQueries, UserDataFormsOfUser } from "./queries.js";

export const userDataForms = {
  resolvers: [
    UserDataFormQueries,
    UserDataFormsOfUser,
    FieldsOfEnabledUserDataForm,
    CreateUserDataForm,
    UpdateUserDataForm,
    DeleteUserDataForm,
    UpdateUserDataFormState,
    CreateUserDataFormImplementation,
  ],
  nodes: { UserDataForm: userDataFormByUuid },
  entities: { UserDataForm: { key: "uuid", by: userDataFormByUuid } },
} as const;

export { UserDataForm } from "./user-data-form.js";

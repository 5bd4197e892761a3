import {
  Form,
  FormImplementation,
  FormKind,
  formVisible,
  implementationVisible,
  maySeeFormsOf,
} from "../forms/index.js";
import { by, type ListOf, oneBy, pagesBy, raw, sql } from "../kit/index.js";

export const userDataFormVisible = formVisible(FormKind.USER_DATA, (_viewer, form) =>
  raw(`${form}.enablement = 'ENABLED'`),
);

export const userDataFormByUuid = oneBy(Form, "uuid", userDataFormVisible);

export const userDataFormList: ListOf = { name: "userDataForms", node: Form, rule: userDataFormVisible };

export const enabledList: ListOf = { ...userDataFormList, name: "enabledUserDataForms" };

/** The enabled forms, below a user. */
export const enabledFormsByUser = pagesBy(
  { ...userDataFormList, name: "User.enabledUserDataForms" },
  (user, { viewer }) => sql`n.enablement = 'ENABLED' AND ${maySeeFormsOf(viewer, user)}`,
  { sort: by("n.name_norm"), direction: "ASC" },
);

export const submissionList: ListOf = {
  name: "userDataFormSubmissions",
  node: FormImplementation,
  rule: implementationVisible,
};

import { constraintMeans, UsersErrorCode } from "../kit/index.js";
import { Form } from "./form.js";
import { FormImplementation, implementationByUuid } from "./implementation.js";
import { ArchiveForm } from "./mutations/archive-form.js";
import { CompleteFormImplementation } from "./mutations/complete-form-implementation.js";
import { PublishForm } from "./mutations/publish-form.js";
import { ReopenFormImplementation } from "./mutations/reopen-form-implementation.js";
import { SaveFormAnswers } from "./mutations/save-form-answers.js";
import { FieldsOfForm, FieldsOfImplementation, ImplementationsOfUser } from "./queries.js";
import { FormRevision } from "./revision.js";

// Given and reopened at the same instant.
constraintMeans(
  "form_implementations_open",
  UsersErrorCode.ALREADY_EXISTS,
  "The user has an open implementation of this form.",
);

export const forms = {
  resolvers: [
    FieldsOfForm,
    FieldsOfImplementation,
    ImplementationsOfUser,
    PublishForm,
    ArchiveForm,
    SaveFormAnswers,
    CompleteFormImplementation,
    ReopenFormImplementation,
  ],
  tables: [Form, FormRevision, FormImplementation],
  nodes: { UserFormImplementation: implementationByUuid },
  entities: { UserFormImplementation: { key: "uuid", by: implementationByUuid } },
} as const;

export { settled, validUntil } from "./answering.js";
export { checkDefinition } from "./check-definition.js";
export { type Definition, FormConditionOperator, FormFieldTypeName } from "./definition.js";
export { EnforcementType, Form, FormEnablement, FormKind, FormState, FormTypeName, TYPE_OF_KIND } from "./form.js";
export { createForm, deleteForm, formToChange, refuseArchived, refuseUnpublished, updateForm } from "./editing.js";
export { CreateImplementationInput, give } from "./give.js";
export {
  type Answers,
  AssignmentType,
  FormImplementation,
  type FormImplementationAssignment,
  ImplementationStatus,
  inForce,
  statusIs,
} from "./implementation.js";
export { CreateFormInput, type DefinitionInput, FormInput, UpdateFormInput } from "./inputs.js";
export { FormFilter, FormOrder, formSelection, FormsArgs } from "./list.js";
export { latestImplementation } from "./loaders.js";
export { FormImplementationConnection } from "./queries.js";
export { formToGive, refuseOpen, userToAsk } from "./rules.js";
export { formVisible, implementationVisible, maySeeFormsOf, worksWithForms } from "./visible.js";
export { FormRevision } from "./revision.js";

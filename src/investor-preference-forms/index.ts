import { FormClassification } from "./investor-preference-form.js";
import { preferenceFormByUuid } from "./loaders.js";
import { CreateInvestorPreferenceForm } from "./mutations/create-investor-preference-form.js";
import { CreateInvestorPreferenceFormImplementation } from "./mutations/create-investor-preference-form-implementation.js";
import { DeleteInvestorPreferenceForm } from "./mutations/delete-investor-preference-form.js";
import { UpdateInvestorPreferenceForm } from "./mutations/update-investor-preference-form.js";
import { UpdateInvestorPreferenceFormClassifications } from "./mutations/update-investor-preference-form-classifications.js";
import { UpdateInvestorPreferenceFormEditable } from "./mutations/update-investor-preference-form-editable.js";
import { UpdateInvestorPreferenceFormEnforcementType } from "./mutations/update-investor-preference-form-enforcement-type.js";
import { UpdateInvestorPreferenceFormState } from "./mutations/update-investor-preference-form-state.js";
import {
  FieldsOfAskedInvestorPreferenceForm,
  FieldsOfGate,
  FieldsOfInvestorPreferenceForm,
  InvestorPreferenceFormQueries,
  PreferencesOfUser,
} from "./queries.js";

export const investorPreferenceForms = {
  resolvers: [
    InvestorPreferenceFormQueries,
    FieldsOfInvestorPreferenceForm,
    PreferencesOfUser,
    FieldsOfGate,
    FieldsOfAskedInvestorPreferenceForm,
    CreateInvestorPreferenceForm,
    UpdateInvestorPreferenceForm,
    DeleteInvestorPreferenceForm,
    UpdateInvestorPreferenceFormClassifications,
    UpdateInvestorPreferenceFormEditable,
    UpdateInvestorPreferenceFormEnforcementType,
    UpdateInvestorPreferenceFormState,
    CreateInvestorPreferenceFormImplementation,
  ],
  tables: [FormClassification],
  nodes: { InvestorPreferenceForm: preferenceFormByUuid },
  entities: { InvestorPreferenceForm: { key: "uuid", by: preferenceFormByUuid } },
} as const;

export { FormClassification, InvestorPreferenceForm } from "./investor-preference-form.js";

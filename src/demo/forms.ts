import {
  type Answers,
  EnforcementType,
  FormConditionOperator,
  FormEnablement,
  FormFieldTypeName,
  FormKind,
  FormState,
  FormTypeName,
} from "../forms/index.js";
import { printedName, type User } from "../users/index.js";
import type { Chance, Shares } from "./chance.js";
import { sampleForm } from "./sample-form.js";

const { CHECKBOX, COUNTRY, CURRENCY, DATE, EMAIL, MULTI_SELECT, NUMBER, PHONE, RADIO, SELECT, STATIC, TEXT, TEXTAREA } =
  FormFieldTypeName;

const labelled = (options: Record<string, string>) =>
  Object.entries(options).map(([value, label]) => ({ value, label }));

const OCCUPATIONS = {
  EMPLOYED: "Employed",
  SELF_EMPLOYED: "Self-employed",
  RETIRED: "Retired",
  OTHER: "None of these",
};
const NET_WORTHS = {
  UP_TO_250K: "Up to 250,000",
  UP_TO_1M: "Up to 1 million",
  UP_TO_5M: "Up to 5 million",
  MORE: "More",
};
const ASSETS = {
  SHARES: "Shares",
  BONDS: "Bonds",
  FUNDS: "Funds",
  PROPERTY: "Property",
  PRIVATE_EQUITY: "Private equity",
  DIGITAL: "Digital assets",
};
const SECTORS = {
  HEALTH: "Health",
  ENERGY: "Energy",
  SOFTWARE: "Software",
  INDUSTRY: "Industry",
  PROPERTY: "Property",
  FOOD: "Food and farming",
};

export const INVESTOR_PROFILE = sampleForm(0x401, {
  name: "Investor profile",
  description: "Who you are, what you have, and how well you know the market.",
  formTypeName: FormTypeName.ONBOARDING,
  formPages: [
    { reference: "person", name: "About you" },
    { reference: "means", name: "Your means" },
    { reference: "rest", name: "Anything else" },
  ],
  formFields: [
    {
      reference: "fullName",
      name: "Full name",
      label: "What is your full name?",
      description: "As it stands in your passport.",
      formFieldType: TEXT,
      formPage: "person",
      validator: { required: true, maxLength: 255 },
      prePopulationKey: "user.name",
    },
    {
      reference: "email",
      name: "E-mail address",
      label: "Where can we write to you?",
      formFieldType: EMAIL,
      formPage: "person",
      validator: { required: true },
      prePopulationKey: "user.contactEmail",
    },
    {
      reference: "birthDate",
      name: "Date of birth",
      label: "When were you born?",
      formFieldType: DATE,
      formPage: "person",
      validator: { required: true, minDate: "1900-01-01" },
    },
    {
      reference: "phone",
      name: "Telephone",
      label: "By which number can we call you?",
      placeholder: "+442079460000",
      formFieldType: PHONE,
      formPage: "person",
    },
    {
      reference: "country",
      name: "Country",
      label: "In which country do you live?",
      formFieldType: COUNTRY,
      formPage: "person",
      validator: { required: true },
    },
    {
      reference: "occupation",
      name: "Occupation",
      label: "How do you earn your living?",
      formFieldType: RADIO,
      formPage: "means",
      options: labelled(OCCUPATIONS),
      validator: { required: true },
    },
    {
      reference: "yearlyIncome",
      name: "Yearly income",
      label: "What do you earn a year?",
      description: "In pounds, before tax.",
      formFieldType: CURRENCY,
      formPage: "means",
      validator: { required: true, minValue: 0 },
    },
    {
      reference: "netWorth",
      name: "Net worth",
      label: "What are you worth, your home left out?",
      formFieldType: SELECT,
      formPage: "means",
      options: labelled(NET_WORTHS),
      validator: { required: true },
    },
    {
      reference: "assets",
      name: "Assets",
      label: "What have you invested in so far?",
      formFieldType: MULTI_SELECT,
      formPage: "means",
      options: labelled(ASSETS),
      validator: { required: true, minSelections: 1 },
    },
    {
      reference: "experience",
      name: "Experience",
      label: "For how many years have you invested?",
      formFieldType: NUMBER,
      formPage: "means",
      validator: { required: true, minValue: 0, maxValue: 80 },
    },
    {
      reference: "employer",
      name: "Employer",
      label: "Who is your employer?",
      formFieldType: TEXT,
      formPage: "rest",
      formFieldConditions: [{ reference: "occupation", operator: FormConditionOperator.EQUALS, value: "EMPLOYED" }],
    },
    {
      reference: "taxNumber",
      name: "Tax number",
      label: "What is your tax number?",
      formFieldType: TEXT,
      formPage: "rest",
      validator: { pattern: "[0-9A-Z]{5,15}", message: "5 to 15 digits and capital letters." },
    },
  ],
  formSettings: [{ name: "submitLabel", value: "Send" }],
});

export const SECTOR_PREFERENCES = sampleForm(0x402, {
  name: "Sector preferences",
  description: "What you would like to be shown first.",
  kind: FormKind.INVESTOR_PREFERENCE,
  enforcementType: EnforcementType.RECOMMENDED,
  editable: true,
  formFields: [
    {
      reference: "sectors",
      label: "Which sectors interest you?",
      formFieldType: MULTI_SELECT,
      options: labelled(SECTORS),
      validator: { required: true, minSelections: 1, maxSelections: 3, message: "One to three sectors." },
    },
    {
      reference: "leastTicket",
      label: "What is the least that you invest at once?",
      formFieldType: CURRENCY,
      validator: { minValue: 0 },
    },
    {
      reference: "remarks",
      label: "What else should we know?",
      formFieldType: TEXTAREA,
      validator: { maxLength: 2000 },
    },
  ],
});

export const WEALTH_DECLARATION = sampleForm(0x403, {
  name: "High net worth declaration",
  description: "What the regulator wants you to confirm every year.",
  kind: FormKind.INVESTOR_PREFERENCE,
  formTypeName: FormTypeName.COMPLIANCE,
  enforcementType: EnforcementType.REQUIRED,
  revalidateAfterMonths: 12,
  formFields: [
    {
      reference: "statement",
      label: "High net worth statement",
      description: "A year's income of 100,000 pounds or more, or net assets of 250,000 pounds or more.",
      formFieldType: STATIC,
    },
    {
      reference: "declaration",
      label: "I declare that the statement above holds for me.",
      formFieldType: CHECKBOX,
      validator: { required: true, message: "Only who declares this may invest." },
    },
  ],
});

const TAX_RESIDENCE = sampleForm(0x404, {
  name: "Tax residence",
  description: "Where you are taxed.",
  formTypeName: FormTypeName.COMPLIANCE,
  state: FormState.DRAFT,
  enablement: FormEnablement.DISABLED,
  formFields: [{ reference: "country", label: "In which country are you taxed?", formFieldType: COUNTRY }],
});

const EVENTS = sampleForm(0x405, {
  name: "Invitations to events",
  description: "Last year's.",
  enablement: FormEnablement.DISABLED,
  formFields: [{ reference: "dinner", label: "Will you come to the dinner?", formFieldType: CHECKBOX }],
});

/** The forms of every generated tenant. */
export const FORMS = [INVESTOR_PROFILE, SECTOR_PREFERENCES, WEALTH_DECLARATION, TAX_RESIDENCE, EVENTS];

const COUNTRIES: Shares<string> = [
  [50, "GB"],
  [14, "DE"],
  [10, "FR"],
  [10, "ES"],
  [6, "CH"],
  [5, "PL"],
  [3, "SE"],
  [2, "AE"],
];
const EARLIEST_BIRTH = Date.UTC(1940, 0, 1);
const LATEST_BIRTH = Date.UTC(1999, 11, 31);

type Profile = Pick<Partial<User>, "title" | "forename" | "surname" | "contactEmail">;

/** The first page of the investor profile. Its telephone numbers are those that films may show. */
export const personAnswers = (chance: Chance, user: Profile): Answers => ({
  fullName: printedName(user) ?? user.contactEmail,
  email: user.contactEmail,
  birthDate: new Date(chance.between(EARLIEST_BIRTH, LATEST_BIRTH)).toISOString().slice(0, 10),
  phone: `+44207946${String(chance.between(0, 999)).padStart(4, "0")}`,
  country: chance.of(COUNTRIES),
});

/** The second page. */
export const meansAnswers = (chance: Chance): Answers => {
  const first = chance.pick(Object.keys(ASSETS));
  return {
    occupation: chance.pick(Object.keys(OCCUPATIONS), 1.5),
    yearlyIncome: chance.between(20, 400) * 1_000,
    netWorth: chance.pick(Object.keys(NET_WORTHS)),
    assets: Object.keys(ASSETS).filter((asset) => asset === first || chance.happens(0.3)),
    experience: chance.between(0, 40),
  };
};

import { PERMISSIONS } from "../../src/access/index.js";
import { ImplementationStatus } from "../../src/forms/index.js";
import { UserType } from "../../src/users/index.js";
import { problems, type Caller, type Harness, type Person, type TestForm, type TestTenant } from "../harness/index.js";

export const past = (milliseconds = 1_000): string => new Date(Date.now() - milliseconds).toISOString();
export const future = (milliseconds = 60_000): string => new Date(Date.now() + milliseconds).toISOString();

/** What an implementation is that is completed, until then. */
export const completed = (validUntil: string | null = null) => ({
  storedStatus: ImplementationStatus.COMPLETED,
  completedAt: past(3_600_000),
  validUntil,
});

/** A form that is REQUIRED of the holders of one label, and everybody who may come near it. */
export interface Cast {
  here: TestTenant;
  label: { guid: string; id: string };
  otherLabel: { guid: string; id: string };
  form: TestForm;
  /** Holds the label; a client of the advisor's, in the lead's group. */
  holder: Person;
  /** Held it until a second ago. */
  former: Person;
  /** Holds the other one. */
  stranger: Person;
  /** Holds none, and was given the form in another time. */
  given: Person;
  entrepreneur: Person;
  lead: Person;
  /** Works with forms. */
  advisor: Person;
  /** Does so too, for other clients. */
  colleague: Person;
}

export async function cast({ tenant }: Harness): Promise<Cast> {
  const here = await tenant();
  const staff = () => here.internal(["users.read", "forms.read", "forms.write", "submissions.read"]);
  const [advisor, colleague] = [await staff(), await staff()];
  const label = await here.classification("Professional");
  const otherLabel = await here.classification("Sophisticated");
  const form = await here.preferenceForm({ classifications: [label] });
  const holder = await here.user({ surname: "Holder", assignedInternalUserId: advisor.guid });
  const [former, stranger, given] = [await here.user(), await here.user(), await here.user()];
  const entrepreneur = await here.user({ type: UserType.ENTREPRENEUR });
  const lead = await here.user({ surname: "Lead" });
  await here.group({ lead, members: [holder] });
  await here.classify(holder, label);
  await here.classify(former, label, past());
  await here.classify(stranger, otherLabel);
  await here.implementation(given, form, completed());
  return { here, label, otherLabel, form, holder, former, stranger, given, entrepreneur, lead, advisor, colleague };
}

const allBut = (...without: string[]) => PERMISSIONS.filter((permission) => !without.includes(permission));

const CALLERS: Record<string, (of: Cast) => Caller | Promise<Caller>> = {
  "an administrator with forms.write alone": ({ here }) => here.internal(["forms.write"], { administrator: true }),
  "an administrator without it": ({ here }) => here.internal(allBut("forms.write"), { administrator: true }),
  "an internal member with every permission": ({ here }) => here.internal(PERMISSIONS),
  "a service with forms.write alone": ({ here }) => here.service("forms.write"),
  "a service without it": ({ here }) => here.service(...allBut("forms.write")),
  "an investor whom it is for": ({ holder }) => holder,
  "an internal user in the investor's session": ({ here, holder }) => here.actingAs(here.admin, holder),
  "a lead": ({ lead }) => lead,
  "an entrepreneur": ({ entrepreneur }) => entrepreneur,
};

/** A write of who administers forms: each caller asks the same of a cast of their own, all but these are FORBIDDEN. */
export function isForAdministrators(
  server: Harness,
  document: string,
  input: (of: Cast) => object | Promise<object>,
  { services = true } = {},
): void {
  const allowed = [
    "an administrator with forms.write alone",
    ...(services ? ["a service with forms.write alone"] : []),
  ];
  test.each(Object.keys(CALLERS).map((who) => [allowed.includes(who) ? "may" : "may not", who]))(
    "%s be called by %s",
    async (may, who) => {
      const of = await cast(server);
      const asked = await input(of);
      const caller = await CALLERS[who]!(of);
      if (may === "may") {
        expect(await of.here.refusals(caller, document, asked)).toEqual([]);
        return;
      }
      const before = await of.here.contents();
      expect(problems(await caller.send(document, { input: asked }))).toEqual(["FORBIDDEN"]);
      expect(await of.here.contents()).toEqual(before);
    },
  );
}

/** What a user is asked, as the caller is told. */
export const PREFERENCES = `query ($guid: UUID!) { user(guid: $guid) { ...Preferences } }
  fragment Preferences on User {
    guid
    preferenceGate { blocked validUntil outstanding(first: 15) { totalCount nodes { uuid } } }
    enabledInvestorPreferenceForms(first: 15) {
      totalCount
      edges { blocking matchedClassifications { id } implementation { uuid status } node { uuid } }
    }
  }`;

export interface Preferences {
  guid: string;
  preferenceGate: {
    blocked: boolean;
    validUntil: string | null;
    outstanding: { totalCount: number; nodes: { uuid: string }[] };
  } | null;
  enabledInvestorPreferenceForms: {
    totalCount: number;
    edges: {
      blocking: boolean;
      matchedClassifications: { id: string }[];
      implementation: { uuid: string; status: string } | null;
      node: { uuid: string };
    }[];
  };
}

export const preferences = async (caller: Caller, { guid }: { guid: string }): Promise<Preferences> =>
  (await caller.ask(PREFERENCES, { guid })).user;

/** Whether forms keep the user from investing, and until when not, as the administrator sees it. */
export async function gate({ admin }: TestTenant, user: { guid: string }) {
  const { blocked, validUntil } = (await preferences(admin, user)).preferenceGate!;
  return { blocked, validUntil };
}

import { toGlobalId } from "../../src/kit/index.js";
import type { Preferences } from "./cast.js";

type Row = Record<string, any>;

/** What investors are asked, worked out once more: row by row over the tables of a tenant, as one would by hand. */
export class ByHand {
  constructor(
    private readonly tables: Record<string, Row[]>,
    private readonly now = new Date(),
  ) {}

  get users(): Row[] {
    return this.tables.users!;
  }

  get forms(): Row[] {
    return this.tables.forms!;
  }

  private counts(until: string | null): boolean {
    return until === null || new Date(until) > this.now;
  }

  private labelsOf(form: Row): string[] {
    return this.tables.form_classifications!.filter((row) => row.form_id === form.id).map(labelOf);
  }

  private labelsHeldBy(user: Row): string[] {
    const held = this.tables.user_classifications!.filter((row) => row.user_id === user.id);
    return held.filter((row) => this.counts(row.valid_until)).map(labelOf);
  }

  private matched(user: Row, form: Row): string[] {
    const held = this.labelsHeldBy(user);
    return this.labelsOf(form).filter((label) => held.includes(label));
  }

  private isAsked(user: Row, form: Row): boolean {
    if (form.kind !== "INVESTOR_PREFERENCE" || form.enablement !== "ENABLED") return false;
    if (user.type !== "INVESTOR" || user.status === "REVOKED") return false;
    return this.labelsOf(form).length === 0 || this.matched(user, form).length > 0;
  }

  private given(user: Row, form: Row): Row[] {
    return this.tables.form_implementations!.filter((row) => row.user_id === user.id && row.form_id === form.id);
  }

  private done(user: Row, form: Row): Row[] {
    return this.given(user, form).filter((row) => row.status === "COMPLETED" && this.counts(row.valid_until));
  }

  private blocks(user: Row, form: Row): boolean {
    return this.isAsked(user, form) && form.enforcement_type === "REQUIRED" && this.done(user, form).length === 0;
  }

  /** What the form is to the user: not offered, done (and open to changes or not), or still asked, so or so strictly. */
  standing(user: Row, form: Row): string {
    if (!this.isAsked(user, form)) return "not offered";
    if (this.done(user, form).length > 0) return form.editable ? "done, may be changed" : "done";
    return `asked, ${form.enforcement_type}`;
  }

  private validUntil(user: Row): string | null {
    const required = this.forms.filter((form) => this.isAsked(user, form) && form.enforcement_type === "REQUIRED");
    const ends: string[] = [];
    for (const form of required) {
      const done = this.done(user, form);
      if (done.length === 0) return null;
      if (done.some((row) => row.valid_until === null)) continue;
      ends.push(
        done
          .map((row) => new Date(row.valid_until).toISOString())
          .toSorted()
          .at(-1)!,
      );
    }
    return ends.toSorted()[0] ?? null;
  }

  private latest(user: Row, form: Row): { uuid: string; status: string } | null {
    const [row] = this.given(user, form).toSorted(
      (a, b) => compared(b.created_at, a.created_at) || compared(b.id, a.id),
    );
    if (!row) return null;
    const lapsed = row.status === "COMPLETED" && !this.counts(row.valid_until);
    return { uuid: row.id, status: lapsed ? "EXPIRED" : row.status };
  }

  /** What whoever may know all of it is told. */
  preferences(user: Row): Preferences {
    const asked = this.forms
      .filter((form) => this.isAsked(user, form))
      .toSorted((a, b) => compared(a.name.toLowerCase(), b.name.toLowerCase()) || compared(a.id, b.id));
    const blocking = asked.filter((form) => this.blocks(user, form));
    return {
      guid: user.id,
      preferenceGate: {
        blocked: blocking.length > 0,
        validUntil: this.validUntil(user),
        outstanding: { totalCount: blocking.length, nodes: blocking.map(({ id }) => ({ uuid: id })) },
      },
      enabledInvestorPreferenceForms: {
        totalCount: asked.length,
        edges: asked.map((form) => ({
          blocking: blocking.includes(form),
          matchedClassifications: this.matched(user, form).map((label) => ({
            id: toGlobalId("Classification", label),
          })),
          implementation: this.latest(user, form),
          node: { uuid: form.id },
        })),
      },
    };
  }
}

const labelOf = (row: Row): string => row.classification_id;
const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same with classifications in one order: they are told in none. */
export const inOrder = (told: Preferences): Preferences => ({
  ...told,
  enabledInvestorPreferenceForms: {
    ...told.enabledInvestorPreferenceForms,
    edges: told.enabledInvestorPreferenceForms.edges.map((edge) => ({
      ...edge,
      matchedClassifications: edge.matchedClassifications.toSorted((a, b) => compared(a.id, b.id)),
    })),
  },
});

import { may } from "../access/index.js";
import {
  type Context,
  forbidden,
  keyOf,
  refuse,
  ruled,
  selectList,
  sql,
  type Sql,
  UsersErrorCode,
  type Viewer,
} from "../kit/index.js";
import { refuseRevoked, User, userToChange } from "../users/index.js";
import { refuseUnpublished } from "./editing.js";
import { Form, FormEnablement, type FormKind, TYPE_OF_KIND } from "./form.js";
import { FormImplementation } from "./implementation.js";
import { implementationVisible } from "./visible.js";

/** The user whom a form is for, locked: the caller, or one whom the caller may write forms for. */
export async function userToAsk(ctx: Context, id: string | null | undefined): Promise<User> {
  const { db, viewer } = ctx;
  const own = viewer.kind === "USER" ? viewer.id : null;
  if (id == null && own === null) refuse(UsersErrorCode.REQUIRED, "A service has to name the user.", "userId");
  const guid = id == null ? own! : keyOf("User", id, ["input", "userId"]);
  const user = guid === own ? await db.get(User, { guid }, "userId") : await userToChange(ctx, guid, "userId");
  if (guid !== own) requireFormsWrite(viewer);
  refuseRevoked(user, "userId");
  return user;
}

/** The form that somebody is to be given, held as it is until the end; others may be given it at the same time. */
export async function formToGive(ctx: Context, id: string, kind: FormKind, rule: Sql): Promise<Form> {
  const { db } = ctx;
  const uuid = keyOf(TYPE_OF_KIND[kind], id, ["input", "formId"]);
  const [form] = await db.query<Form>(
    sql`SELECT ${selectList(Form, "n")} FROM forms n WHERE ${db.tenantIs("n")} AND n.id = ${uuid}${rule} FOR SHARE`,
    { prepare: true },
  );
  if (!form) refuse(UsersErrorCode.NOT_FOUND, "Form not found.", "formId");
  refuseUnpublished(form, "formId");
  if (form.enablement === FormEnablement.DISABLED) {
    refuse(UsersErrorCode.FORM_DISABLED, "The form is not enabled.", "formId");
  }
  return form;
}

/** The implementation that a write is about, locked: the caller's own, or one that they see and may write to. */
export async function implementationToChange(ctx: Context, id: string): Promise<FormImplementation> {
  const uuid = keyOf("UserFormImplementation", id, ["input", "implementationId"]);
  const visible = ruled(implementationVisible, ctx, "n");
  const implementation = await ctx.db.get(FormImplementation, { uuid }, "implementationId", visible);
  if (!isOwn(ctx, implementation)) requireFormsWrite(ctx.viewer);
  return implementation;
}

/** The form of an implementation, as it is now. */
export async function formOf({ db }: Context, { formId }: FormImplementation): Promise<Form> {
  const [form] = await db.query<Form>(
    sql`SELECT ${selectList(Form, "n")} FROM forms n WHERE ${db.tenantIs("n")} AND n.id = ${formId}`,
    { prepare: true },
  );
  return form!;
}

/** Refuses a second open implementation of a form by one user. */
export async function refuseOpen({ db }: Context, form: Form, userId: string, field: string): Promise<void> {
  const [open] = await db.query(
    sql`SELECT FROM form_implementations i WHERE ${db.tenantIs("i")} AND i.form_id = ${form.uuid}
      AND i.user_id = ${userId} AND i.status IN ('ASSIGNED', 'IN_PROGRESS')`,
    { prepare: true },
  );
  if (open) refuse(UsersErrorCode.ALREADY_EXISTS, "The user has an open implementation of this form.", field);
}

export const isOwn = ({ viewer }: Context, { userId }: FormImplementation): boolean =>
  viewer.kind === "USER" && viewer.id === userId;

function requireFormsWrite(viewer: Viewer): void {
  if (!may(viewer, "forms.write")) throw forbidden("For others requires `forms.write`.");
}

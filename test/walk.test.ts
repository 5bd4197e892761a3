import { smtpTransport } from "../src/mail/index.js";
import { harness, operations, problems, type Caller, type Person, type TestTenant } from "./harness/index.js";
import { linkIn, smtpServer, until } from "./harness/smtp.js";

const smtp = await smtpServer();
const { tenant, anonymous, bearer, sign, database } = await harness({
  mail: {
    transport: smtpTransport(smtp.url),
    from: { name: "The Platform", address: "no-reply@platform.example" },
    invitationUrl: "https://platform.example/welcome#{token}",
    pollMilliseconds: 20,
  },
});

/** Sends a document that dashboards send; what it answers. */
const read = async (by: Caller, document: string, variables: object = {}): Promise<Record<string, any>> =>
  Object.values(await by.ask(operations[document]!, variables))[0];

/** The same for a write, which has to succeed. */
async function write(by: Caller, document: string, input: object): Promise<Record<string, any>> {
  const payload = await read(by, document, { input });
  expect(payload.errors).toEqual([]);
  return payload;
}

/** Somebody who has an account now, with the token that the platform's issuer gives them. */
async function signIn(here: TestTenant, { guid, id, contactEmail }: Record<string, any>): Promise<Person> {
  return { guid, id, email: contactEmail, ...bearer(await sign({ sub: guid, tenant_id: here.id })) };
}

/** The invitation that was mailed to that address, as its receiver reads it: what it says, and the token of its link. */
async function mailTo(address: string): Promise<{ subject: string; bodies: string[]; token: string }> {
  const { mail } = await smtp.mailTo(address);
  const { origin, pathname, hash } = new URL(linkIn(mail));
  expect(origin + pathname).toBe("https://platform.example/welcome");
  return { subject: mail.subject!, bodies: [mail.text!, mail.html!], token: hash.slice(1) };
}

test("people are invited into a shell, accept, are given a role, sign, are acted as, audited and locked out", async () => {
  const here = await tenant();
  const { admin } = here;
  const approver = await here.internal(["invitations.approve"], {
    administrator: true,
    forename: "Abe",
    surname: "Approver",
  });
  const member = await here.role({ name: "Member", rank: 1 });
  const partner = await here.role({ name: "Partner", rank: 2 });
  await here.role({ name: "Head", rank: 3 });
  await here.flag("secondary-market");
  await database.sql("UPDATE tenants SET name = 'Acme Capital' WHERE tenant_id = $1", [here.id]);
  const refused = (by: Caller, document: string, input: object) => here.refusals(by, operations[document]!, input);

  // A shell stands before its people do; the first is invited to lead it.
  const { userGroup: shell } = await write(admin, "CreateUserGroup", {
    name: "Nightingale Family Office",
    kind: "SHELL",
    defaultRoleId: member.id,
  });
  expect(shell).toMatchObject({ kind: "SHELL", memberCount: 0, leadUser: null });
  const first = await write(admin, "InviteUserToShell", {
    shellId: shell.id,
    email: "florence@example.com",
    type: "INVESTOR",
    title: "Dame",
    forename: "Florence",
    surname: "Nightingale",
    message: "Your papers are ready.",
    asLead: true,
  });
  expect(first).toMatchObject({
    invitation: { status: "INVITED", sendCount: 1, asLead: true, group: { id: shell.id } },
    user: { status: "INVITED" },
  });
  const lead = await signIn(here, first.user);
  expect((await lead.send(operations.Me!)).status).toBe(401);

  // The mail says who invites where; its link is accepted without an account, once.
  const firstMail = await mailTo("florence@example.com");
  expect(firstMail.subject).toBe("Your invitation to Acme Capital");
  for (const body of firstMail.bodies) {
    expect(body).toContain("Hello Dame Florence Nightingale,");
    expect(body).toContain("Ada Admin invites you to Acme Capital, into the group Nightingale Family Office.");
    expect(body).toContain("Your papers are ready.");
  }
  expect(await write(anonymous, "AcceptInvitation", { token: firstMail.token })).toMatchObject({
    invitation: { status: "COMPLETED", dateExpires: null },
    user: { status: "ACTIVE" },
  });
  expect((await read(lead, "Me")).name).toBe("Dame Florence Nightingale");
  expect(await read(lead, "UserWithItsGraph", { guid: lead.guid })).toMatchObject({
    isUserGroupLead: true,
    isUserGroupMember: true,
    inviteStatus: "COMPLETED",
    userGroups: { totalCount: 1, edges: [{ isSignatory: false, node: { name: shell.name, kind: "SHELL" } }] },
  });

  // From now on the tenant wants two pairs of eyes: what the lead asks for waits, and no mail is promised.
  await database.sql("UPDATE tenants SET invitation_approval = true WHERE tenant_id = $1", [here.id]);
  const second = await write(lead, "InviteUser", {
    groupId: shell.id,
    email: "parthenope@example.com",
    type: "INVESTOR",
    forename: "Parthenope",
    surname: "Verney",
  });
  expect(second).toMatchObject({ invitation: { status: "DRAFT", sendCount: 0 }, user: { status: "DRAFT" } });
  const waiting = await read(lead, "Invitations", { filter: { status: ["DRAFT"] } });
  expect(waiting.nodes).toMatchObject([{ id: second.invitation.id, mail: null }]);
  expect((await here.rows()).mail_deliveries).toHaveLength(1);
  expect(
    problems(await lead.send(operations.ApproveInvitation!, { input: { invitationId: second.invitation.id } })),
  ).toEqual(["FORBIDDEN"]);
  expect(await write(approver, "ApproveInvitation", { invitationId: second.invitation.id })).toMatchObject({
    invitation: { status: "INVITED", sendCount: 1 },
  });
  const secondMail = await mailTo("parthenope@example.com");
  for (const body of secondMail.bodies) expect(body).toContain("Dame Florence Nightingale invites you to Acme Capital");
  const accepted = await write(anonymous, "AcceptInvitation", { token: secondMail.token, title: "Lady" });
  const guest = await signIn(here, accepted.user);
  expect((await read(guest, "Me")).name).toBe("Lady Parthenope Verney");
  await until(async () => (await here.rows()).mail_deliveries!.every(({ status }) => status === "SENT"));

  // The lead gives them another role and lets them sign.
  const them = { groupId: shell.id, userId: guest.id };
  await write(lead, "UpdateUserGroupRole", { ...them, roleId: partner.id });
  await write(lead, "MarkUserAsSignatory", them);
  expect(await refused(lead, "MarkUserAsSignatory", { ...them, userId: lead.id })).toEqual([
    "SELF_ACTION input.userId",
  ]);
  expect(await refused(admin, "ResendInvitation", { invitationId: second.invitation.id })).toEqual([
    "INVITATION_COMPLETED input.invitationId",
  ]);
  expect(await refused(anonymous, "AcceptInvitation", { token: secondMail.token })).toEqual([
    "INVITATION_COMPLETED input.token",
  ]);

  // A feature is switched on for the group, and its members know.
  const enabled = async (): Promise<boolean> =>
    (await read(guest, "UserGroupWithMembers", { guid: shell.guid })).featureEnabled;
  expect(await enabled()).toBe(false);
  const flag = { groupId: shell.id, flag: "secondary-market", enabled: true };
  const { userGroup: flagged } = await write(admin, "UpdateUserGroupFeatureFlag", flag);
  expect(flagged.featureFlags.nodes).toEqual([{ key: "secondary-market" }]);
  expect(await enabled()).toBe(true);

  // The administrator signs in as them, and may do what they may, but not take their account.
  const reason = "Asked for help with their name";
  const { loginToken } = await write(admin, "CreateLoginToken", { ...them, reason });
  const session = await write(anonymous, "RedeemLoginToken", { token: loginToken });
  expect(session).toMatchObject({ user: { id: guest.id }, userGroup: { id: shell.id } });
  const acting = bearer(session.accessToken);
  expect((await read(acting, "Me")).guid).toBe(guest.guid);
  await write(acting, "UpdateCurrentUser", { forename: "Frances Parthenope" });
  expect((await read(guest, "Me")).name).toBe("Lady Frances Parthenope Verney");
  expect(await refused(acting, "UpdateCurrentUser", { email: "ada@example.com" })).toEqual([
    "IMPERSONATION_FORBIDDEN input.email",
  ]);

  // They see who acted as them, and nothing else of the audit.
  const seen = (await read(guest, "AuditEvents")).nodes;
  expect(seen).toMatchObject([
    { operation: "updateCurrentUser", actorName: "Ada Admin", actorId: admin.guid, subjectId: guest.guid },
    { operation: "redeemLoginToken", actorName: "Ada Admin", actorId: admin.guid, subjectId: guest.guid },
  ]);
  expect(JSON.stringify(seen)).not.toContain(reason);

  // Suspended, they are out at the next request, and so is who acts as them. A lead cannot be sent away so.
  await write(admin, "SuspendUser", { userId: guest.id });
  expect((await guest.send(operations.Me!)).status).toBe(401);
  expect((await acting.send(operations.Me!)).status).toBe(401);
  const theLead = { groupId: shell.id, userId: lead.id };
  expect(await refused(admin, "SuspendUser", { userId: lead.id })).toEqual(["LEAD_CANNOT_BE_REMOVED input.userId"]);
  expect(await refused(admin, "RemoveUserFromGroup", theLead)).toEqual(["LEAD_CANNOT_BE_REMOVED input.userId"]);

  // What is there in the end, and how it came about.
  expect(await read(admin, "UserGroupWithMembers", { guid: shell.guid })).toMatchObject({
    memberCount: 2,
    leadUser: { id: lead.id },
    members: {
      totalCount: 2,
      edges: [
        { name: "Dame Florence Nightingale", isLead: true, isSignatory: false, role: { name: "Head" } },
        { name: "Lady Frances Parthenope Verney", isLead: false, isSignatory: true, role: { name: "Partner" } },
      ],
    },
  });
  const mail = { status: "SENT", attempts: 1, failure: null };
  expect(await read(admin, "Invitations")).toMatchObject({
    totalCount: 2,
    nodes: [
      {
        id: second.invitation.id,
        status: "COMPLETED",
        sendCount: 1,
        user: { id: guest.id },
        group: { id: shell.id },
        mail,
      },
      {
        id: first.invitation.id,
        status: "COMPLETED",
        sendCount: 1,
        user: { id: lead.id },
        group: { id: shell.id },
        mail,
      },
    ],
  });
  expect(smtp.messages).toHaveLength(2);
  const who: Record<string, string> = { [lead.guid]: "lead", [guest.guid]: "guest", [shell.guid]: "shell" };
  const events: Record<string, any>[] = (await read(admin, "AuditEvents", { first: 100 })).nodes;
  const { changes } = events.find(({ operation }) => operation === "createLoginToken")!;
  expect(changes[0].fields.reason).toEqual([null, reason]);
  expect(
    events
      .toReversed()
      .map(({ operation, actorName, subjectName, targetType, targetId }) => [
        operation,
        actorName,
        subjectName,
        targetType,
        who[targetId],
      ]),
  ).toEqual([
    ["createUserGroup", "Ada Admin", null, "UserGroup", "shell"],
    ["inviteUserToShell", "Ada Admin", null, "User", "lead"],
    ["acceptInvitation", null, null, "User", "lead"],
    ["inviteUser", "Dame Florence Nightingale", null, "User", "guest"],
    ["approveInvitation", "Abe Approver", null, "User", "guest"],
    ["acceptInvitation", null, null, "User", "guest"],
    ["updateUserGroupRole", "Dame Florence Nightingale", null, "UserGroup", "shell"],
    ["markUserAsSignatory", "Dame Florence Nightingale", null, "UserGroup", "shell"],
    ["updateUserGroupFeatureFlag", "Ada Admin", null, "UserGroup", "shell"],
    ["createLoginToken", "Ada Admin", null, "User", "guest"],
    ["redeemLoginToken", "Ada Admin", "Lady Parthenope Verney", "User", "guest"],
    ["updateCurrentUser", "Ada Admin", "Lady Parthenope Verney", "User", "guest"],
    ["suspendUser", "Ada Admin", null, "User", "guest"],
  ]);
});

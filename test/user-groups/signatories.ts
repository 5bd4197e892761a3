import { UserStatus } from "../../src/users/index.js";
import { outcomes, type Caller, type Harness } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, family, membersOf, UNKNOWN, whoMay, type Family } from "./family.js";

/** What both hold that say who may sign for a group; `to` is what they make of a member who is not so yet. */
export function signatoryRules(
  server: Harness,
  { operation, document, to }: { operation: string; document: string; to: boolean },
): void {
  const subject = (of: Family) => (to ? of.member : of.signatory);
  const set = ({ here, group }: Family, user: { id: string }, by: Caller = here.admin) =>
    here.refusals(by, document, { groupId: group.id, userId: user.id });
  const maySign = async ({ here, group }: Family, user: { guid: string }) =>
    (await membersOf(here, group)).get(user.guid)!.isSignatory;

  countsHold(server);

  describe("is for administrators and the group's lead", () => {
    whoMay(server, document, (of) => ({ groupId: of.group.id, userId: subject(of).id }), {
      "an administrator": [],
      "a service with the permission": "FORBIDDEN",
      "an internal member": "FORBIDDEN",
      "the group's lead": [],
      "an internal user in the lead's session": [],
      "another group's lead": ["NOT_FOUND input.userId"],
      "a member": "FORBIDDEN",
      "a client in no group": "FORBIDDEN",
    });
  });

  test("is seen on the membership, and answers with group and user", async () => {
    const of = await family(server);
    const { here, group } = of;
    const user = subject(of);
    expect(await maySign(of, user)).toBe(!to);
    const answer = await here.admin.ask(document, { input: { groupId: group.guid, userId: user.guid } });
    expect(answer[operation]).toMatchObject({
      errors: [],
      userGroup: { id: group.id, memberCount: 3, version: 1 },
      user: { id: user.id },
    });
    expect(await maySign(of, user)).toBe(to);
  });

  test("leaves one event about the membership", async () => {
    const of = await family(server);
    expect(await set(of, subject(of))).toEqual([]);
    expect(await eventsOf(of.here)).toEqual([[operation, of.group.guid, "UPDATE GroupMember isSignatory,userId"]]);
  });

  test("done again it succeeds and changes nothing", async () => {
    const of = await family(server);
    expect(await set(of, subject(of))).toEqual([]);
    const { group_members: before } = await of.here.contents();
    expect(await set(of, subject(of))).toEqual([]);
    expect((await of.here.contents()).group_members).toEqual(before);
  });

  test("nobody does it to themselves, the lead neither, but an administrator does it to the lead", async () => {
    const of = await family(server);
    const session = await of.here.actingAs(of.here.admin, of.lead, of.group);
    for (const caller of [of.lead, session])
      expect(await set(of, of.lead, caller)).toEqual(["SELF_ACTION input.userId"]);
    expect(await set(of, of.lead)).toEqual([]);
    expect(await maySign(of, of.lead)).toBe(to);
  });

  test("a lead does it in no other group, not even in one they belong to", async () => {
    const of = await family(server);
    const { here, otherGroup, lead } = of;
    await here.join(otherGroup, lead);
    await here.join(otherGroup, subject(of), { isSignatory: !to });
    expect(await set({ ...of, group: otherGroup }, subject(of), lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.groupId"]);
  });

  test("refuses whoever is no member, or is not there", async () => {
    const of = await family(server);
    for (const user of [of.client, of.otherMember]) expect(await set(of, user)).toEqual(["NOT_A_MEMBER input.userId"]);
    expect(await set(of, { id: UNKNOWN })).toEqual(["NOT_FOUND input.userId"]);
    const nowhere = { ...of, group: { id: UNKNOWN, guid: UNKNOWN } };
    expect(await set(nowhere, subject(of))).toEqual(["NOT_FOUND input.groupId"]);
  });

  test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED, UserStatus.REVOKED])(
    `${to ? "refuses" : "takes the right from"} whoever is %s`,
    async (status) => {
      const of = await family(server);
      const user = await of.here.user({ status });
      await of.here.join(of.group, user, { isSignatory: !to });
      expect(await set(of, user)).toEqual(to ? ["USER_NOT_ACTIVE input.userId"] : []);
    },
  );

  test("done 20 times at once, of members of two groups crosswise, it succeeds each time", async () => {
    const of = await family(server);
    const { here, group, otherGroup, otherMember } = of;
    const user = subject(of);
    await here.join(otherGroup, user, { isSignatory: !to });
    await here.join(group, otherMember, { isSignatory: !to });
    const answers = await atOnce(20, (i) =>
      here.admin.ask(document, {
        input: { groupId: (i % 2 ? group : otherGroup).id, userId: (i % 4 < 2 ? user : otherMember).id },
      }),
    );
    expect(outcomes(answers).join("")).toBe("");
    expect([await maySign(of, user), await maySign(of, otherMember)]).toEqual([to, to]);
  });
}

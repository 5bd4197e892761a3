import { UserStatus } from "../../src/users/index.js";
import { harness, operations, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, type Sent } from "../harness/invitations.js";

const server = await harness();
const { tenant } = server;
const tools = invitationsOf(server);
const { invite } = tools;

invitationLaws(server);

/** How an invitation comes to each status; its last mail is not fresh. */
const PATHS = {
  DRAFT: (here: TestTenant) => invite(here, { send: false }),
  INVITED: (here: TestTenant) => invite(here),
  EXPIRED: async (here: TestTenant) => {
    const sent = await invite(here);
    await tools.expire(here, sent);
    return sent;
  },
  COMPLETED: (here: TestTenant) => tools.accepted(here),
  REVOKED: async (here: TestTenant) => {
    const sent = await invite(here);
    const invitationId = sent.id;
    expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId })).toEqual([]);
    return sent;
  },
};
type Status = keyof typeof PATHS;

/** Every operation on an invitation, and where it leads from each status: to another one, or to a refusal. */
const MOVES: Record<
  string,
  { move: (here: TestTenant, sent: Sent) => Promise<string[]>; leads: Partial<Record<Status, string>> }
> = {
  approveInvitation: {
    move: (here, { id }) => here.refusals(here.admin, operations.ApproveInvitation!, { invitationId: id }),
    leads: {
      DRAFT: "INVITED",
      INVITED: "INVALID_TRANSITION input.invitationId",
      EXPIRED: "INVALID_TRANSITION input.invitationId",
      COMPLETED: "INVITATION_COMPLETED input.invitationId",
      REVOKED: "INVITATION_REVOKED input.invitationId",
    },
  },
  resendInvitation: {
    move: (here, { id }) => here.refusals(here.admin, operations.ResendInvitation!, { invitationId: id }),
    leads: {
      DRAFT: "INVITATION_NOT_SENT input.invitationId",
      INVITED: "INVITED",
      EXPIRED: "INVITED",
      COMPLETED: "INVITATION_COMPLETED input.invitationId",
      REVOKED: "INVITATION_REVOKED input.invitationId",
    },
  },
  revokeInvitation: {
    move: (here, { id }) => here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: id }),
    leads: {
      DRAFT: "REVOKED",
      INVITED: "REVOKED",
      EXPIRED: "REVOKED",
      COMPLETED: "INVITATION_COMPLETED input.invitationId",
      REVOKED: "INVITATION_REVOKED input.invitationId",
    },
  },
  // A draft has no token yet.
  acceptInvitation: {
    move: (here, sent) => tools.accepting(here, sent),
    leads: {
      INVITED: "COMPLETED",
      EXPIRED: "INVITATION_EXPIRED input.token",
      COMPLETED: "INVITATION_COMPLETED input.token",
      REVOKED: "INVITATION_REVOKED input.token",
    },
  },
  revokeUser: {
    move: (here, { user }) => here.refusals(here.admin, operations.RevokeUser!, { userId: user.id }),
    leads: {
      DRAFT: "REVOKED",
      INVITED: "REVOKED",
      EXPIRED: "REVOKED",
      COMPLETED: "COMPLETED",
      REVOKED: "INVALID_TRANSITION input.userId",
    },
  },
  suspendUser: {
    move: (here, { user }) => here.refusals(here.admin, operations.SuspendUser!, { userId: user.id }),
    leads: {
      DRAFT: "INVALID_TRANSITION input.userId",
      INVITED: "INVALID_TRANSITION input.userId",
      EXPIRED: "INVALID_TRANSITION input.userId",
      COMPLETED: "COMPLETED",
      REVOKED: "INVALID_TRANSITION input.userId",
    },
  },
  "inviteUser again": {
    move: (here, { user: { email } }) => here.refusals(here.admin, operations.InviteUser!, { email, type: "INVESTOR" }),
    leads: {
      DRAFT: "ALREADY_INVITED input.email",
      INVITED: "ALREADY_INVITED input.email",
      EXPIRED: "ALREADY_INVITED input.email",
      COMPLETED: "ALREADY_ACTIVE input.email",
      // By an invitation of its own: this one stays what it is.
      REVOKED: "REVOKED",
    },
  },
};

const cases = Object.entries(MOVES).flatMap(([operation, { leads }]) =>
  Object.entries(leads).map(([from, to]) => [operation, from as Status, to] as const),
);

test.each(cases)("%s from %s: %s", async (operation, from, to) => {
  const here = await tenant();
  const sent = await PATHS[from](here);
  await tools.rest(here);
  expect((await tools.read(here, sent)).status).toBe(from);
  const refused = to.includes(" ");
  expect(await MOVES[operation]!.move(here, sent)).toEqual(refused ? [to] : []);
  expect((await tools.read(here, sent)).status).toBe(refused ? from : to);
});

test("a user has one open invitation, and any number that are over", async () => {
  const here = await tenant();
  const { email, guid } = await here.user({ status: UserStatus.REVOKED });
  for (let times = 0; times < 3; times++) {
    const { id } = await invite(here, { email });
    expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: id })).toEqual([]);
  }
  const last = await invite(here, { email });
  const { user } = await here.admin.ask(operations.InvitationsOfUser!, { guid });
  const statuses = user.invitations.nodes.map(({ status }: { status: string }) => status);
  expect(statuses).toEqual(["INVITED", "REVOKED", "REVOKED", "REVOKED"]);
  expect(user.invitations).toMatchObject({ totalCount: 4, nodes: [{ guid: last.guid }, {}, {}, {}] });
});

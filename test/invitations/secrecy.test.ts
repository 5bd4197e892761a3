import { Writable } from "node:stream";
import pino from "pino";
import { harness, operations, type Caller } from "../harness/index.js";
import { invitationLaws, invitationsOf, newEmail } from "../harness/invitations.js";

let logged = "";
const log = pino(
  { level: "trace" },
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  }),
);
const server = await harness({ log });
const { tenant, database } = server;
const tools = invitationsOf(server);

invitationLaws(server);

/** What was answered to anybody, body and headers. */
const answered: string[] = [];

/** Asks as the caller, and keeps what is answered. */
async function ask(caller: Caller, document: string, input: object): Promise<Record<string, any>> {
  const { body, headers } = await caller.send(document, { input });
  answered.push(body, JSON.stringify([...headers]));
  return JSON.parse(body) as Record<string, any>;
}

test("the token stands nowhere but in the mail", async () => {
  const here = await tenant();
  const group = await here.group();
  const invite = async (more: object = {}) => {
    const input = { email: newEmail(), type: "INVESTOR", groupId: group.id, idempotencyKey: newEmail(), ...more };
    return (await ask(here.admin, operations.InviteUser!, input)).data.inviteUser.invitation as {
      id: string;
      guid: string;
    };
  };
  const tokens: string[] = [];
  const accept = async (token: string, more: object = {}): Promise<string[]> => {
    const { data } = await ask(server.anonymous, operations.AcceptInvitation!, { token, ...more });
    return data.acceptInvitation.errors.map(({ code }: { code: string }) => code);
  };
  const keep = async (invitation: { guid: string }): Promise<string> => {
    const token = await tools.tokenOf(here, invitation);
    tokens.push(token);
    return token;
  };

  // Every way that a token may go: sent anew, accepted, refused for each reason, malformed, at once, with a fault.
  const first = await invite();
  const old = await keep(first);
  await tools.rest(here);
  await ask(here.admin, operations.ResendInvitation!, { invitationId: first.id, idempotencyKey: "resend" });
  const current = await keep(first);
  expect(await accept(old)).toEqual(["NOT_FOUND"]);
  expect(await accept(current, { forename: "x".repeat(256) })).toEqual(["INVALID"]);
  expect(await accept(current)).toEqual([]);
  expect(await accept(current)).toEqual(["INVITATION_COMPLETED"]);
  const revoked = await invite();
  const void_ = await keep(revoked);
  await ask(here.admin, operations.RevokeInvitation!, { invitationId: revoked.id });
  expect(await accept(void_)).toEqual(["INVITATION_REVOKED"]);
  const expired = await invite();
  await tools.expire(here, expired);
  expect(await accept(await keep(expired))).toEqual(["INVITATION_EXPIRED"]);
  const draft = await invite({ send: false });
  await ask(here.admin, operations.ApproveInvitation!, { invitationId: draft.id });
  const raced = await keep(draft);
  await Promise.all(Array.from({ length: 5 }, () => accept(raced)));
  const { data } = await ask(here.admin, operations.BulkInviteUsers!, {
    rows: [{ email: newEmail(), type: "INVESTOR" }],
  });
  const bulk = await keep(data.bulkInviteUsers.results[0].invitation);
  await database.sql("ALTER TABLE invitations ADD CONSTRAINT fault CHECK (status <> 'COMPLETED') NOT VALID");
  const failed = await ask(server.anonymous, operations.AcceptInvitation!, { token: bulk });
  await database.sql("ALTER TABLE invitations DROP CONSTRAINT fault");
  expect(failed.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
  // A malformed request is told to its sender as it was sent, and to nobody else.
  const { errors } = await server.anonymous.send(operations.AcceptInvitation!, { input: { token: [bulk, { bulk }] } });
  expect(errors!.map(({ extensions }) => extensions.code)).toContain("BAD_USER_INPUT");

  const lists =
    "{ invitations { nodes { id guid message mail { status failure } user { id } } } auditEvents(last: 100) { nodes { operation targetId changes } } }";
  answered.push((await here.admin.send(lists)).body);
  const { body } = await here.admin.send(operations.Invitations!);
  answered.push(body);

  const stored = JSON.stringify(await here.contents());
  expect(new Set(tokens).size).toBe(6);
  // The control: each of the places does hold what belongs there.
  expect(stored).toContain(first.guid);
  expect(answered.join()).toContain(first.guid);
  expect(logged).toContain("a request failed");
  for (const token of tokens) {
    const bytes = Buffer.from(token, "base64url");
    const secret = bytes.subarray(16);
    const spellings = [
      token,
      ...[bytes, secret].flatMap((one) => [one.toString("base64url"), one.toString("base64"), one.toString("hex")]),
    ];
    for (const spelling of spellings) {
      const places = { stored, answered: answered.join("\n"), logged };
      expect(
        Object.entries(places)
          .filter(([, text]) => text.includes(spelling))
          .map(([place]) => place),
      ).toEqual([]);
    }
  }
});

import { exportJWK } from "jose";
import { AUDIENCE, harness, ISSUER, operations, SECRET, SESSION_ISSUER } from "../harness/index.js";
import { balance } from "../harness/balancer.js";
import { processes } from "../harness/process.js";
import { linkIn, smtpServer, until } from "../harness/smtp.js";

const { start } = await processes();
const { tenant, keys, database } = await harness();
const smtp = await smtpServer();
const DEPLOYMENT = {
  DATABASE_URL: database.appUrl,
  TOKEN_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }),
  TOKEN_ISSUER: ISSUER,
  TOKEN_AUDIENCE: AUDIENCE,
  SESSION_ISSUER,
  SECRET_KEY: SECRET,
  SMTP_URL: smtp.url,
  MAIL_FROM: "The Platform <no-reply@platform.example>",
  INVITATION_URL: "https://platform.example/accept#{token}",
};

/** Two processes, each with a mail worker of its own. */
const servers = await Promise.all([start(DEPLOYMENT), start(DEPLOYMENT)].map((server) => server.url()));
const balancer = await balance(servers);
afterAll(() => balancer.stop());

type Data = Record<string, any>;
interface Asked {
  data: Data;
  code: string | undefined;
}

async function send(url: string, token: string | null, query: string, variables: object = {}): Promise<Asked> {
  const headers = { "content-type": "application/json", ...(token !== null && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: { extensions: { code: string } }[] };
  return { data, code: errors?.[0]?.extensions.code };
}

/** Through the balancer: each request goes to the other server than the last one. */
async function ask(token: string | null, query: string, variables: object = {}): Promise<Data> {
  const { data, code } = await send(balancer.url, token, query, variables);
  expect(code).toBeUndefined();
  return data;
}

test("both serve: requests go to them in turn", async () => {
  const asked = async (): Promise<number[]> =>
    Promise.all(
      servers.map(async (url) => {
        const text = await (await fetch(`${url}/metrics`)).text();
        const counts = text.matchAll(/^graphql_operation_duration_seconds_count{[^}]*} (\d+)$/gm);
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      }),
    );
  const before = await asked();
  const { admin } = await tenant();
  for (let count = 0; count < 6; count++) await ask(admin.token, "{ me { guid } }");
  const after = await asked();
  expect(after.map((count, index) => count - before[index]!)).toEqual([3, 3]);
});

test("a list is paged through, each page by the server that did not give the cursor", async () => {
  const here = await tenant();
  const people = await Promise.all(Array.from({ length: 9 }, () => here.user()));
  const seen: string[] = [];
  for (let after: string | null = null, more = true; more;) {
    const page: string =
      "query ($after: String) { users(first: 3, after: $after) { nodes { guid } pageInfo { endCursor hasNextPage } } }";
    const { users } = await ask(here.admin.token, page, { after });
    seen.push(...users.nodes.map(({ guid }: { guid: string }) => guid));
    ({ endCursor: after, hasNextPage: more } = users.pageInfo);
  }
  expect(seen.toSorted()).toEqual([here.admin, ...people].map(({ guid }) => guid).toSorted());
});

test("what one server has written the other reads at once, by loaders and by one statement", async () => {
  const here = await tenant();
  const user = await here.user();
  for (const forename of ["A", "B", "C", "D", "E"]) {
    await ask(here.admin.token, operations.UpdateUser!, { input: { userId: user.id, forename } });
    for (const server of servers) {
      const { data } = await send(server, here.admin.token, "query ($id: ID) { user(id: $id) { forename } }", user);
      expect(data.user.forename).toBe(forename);
    }
  }
});

test("an invitation that is asked for at both is made once, mailed once and accepted once", async () => {
  const { admin } = await tenant();
  const email = "once@people.example";
  const input = { email, type: "INVESTOR", idempotencyKey: "the same" };
  const [one, other] = await Promise.all([
    ask(admin.token, operations.InviteUser!, { input }),
    ask(admin.token, operations.InviteUser!, { input }),
  ]);
  expect(one).toEqual(other);
  expect(await ask(admin.token, operations.InviteUser!, { input })).toEqual(one);

  const token = linkIn((await smtp.mailTo(email)).mail).split("#")[1]!;
  const accepting = { input: { token } };
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(null, operations.AcceptInvitation!, accepting)));
  expect(answers.filter(({ acceptInvitation }) => acceptInvitation.errors.length === 0)).toHaveLength(1);
  expect(answers.find(({ acceptInvitation }) => acceptInvitation.user)!.acceptInvitation.user.status).toBe("ACTIVE");
});

test("of the mails that two workers send, everybody gets one", async () => {
  const { admin, id } = await tenant();
  const emails = Array.from({ length: 60 }, (_, index) => `many-${index}@people.example`);
  const rows = emails.map((email) => ({ email, type: "INVESTOR" }));
  const { bulkInviteUsers } = await ask(admin.token, operations.BulkInviteUsers!, { input: { rows } });
  expect(bulkInviteUsers.errors).toEqual([]);
  await until(async () => {
    const waiting = "SELECT FROM mail_deliveries WHERE tenant_id = $1 AND status <> 'SENT'";
    return (await database.sql(waiting, [id])).length === 0;
  });
  const receivers = smtp.messages.flatMap(({ envelope }) => envelope.to).filter((to) => to.startsWith("many-"));
  expect(receivers.toSorted()).toEqual(emails.toSorted());
});

test("a login token of one server signs in at the other, whose session is good at both, until it is ended", async () => {
  const here = await tenant();
  const user = await here.user();
  const group = await here.group({ members: [user] });
  const input = { groupId: group.id, userId: user.id, reason: "Asked for help" };
  const [one, other] = servers as [string, string];
  const { data } = await send(one, here.admin.token, operations.CreateLoginToken!, { input });
  const ticket = { input: { token: data.createLoginToken.loginToken } };
  const redeemed = await send(other, null, operations.RedeemLoginToken!, ticket);
  const again = await send(one, null, operations.RedeemLoginToken!, ticket);
  expect(again.data.redeemLoginToken.errors).toHaveLength(1);
  const { accessToken } = redeemed.data.redeemLoginToken;
  for (const server of servers) {
    expect(await send(server, accessToken, "{ me { guid } }")).toMatchObject({ data: { me: { guid: user.guid } } });
  }
  const published = servers.map(async (url) => (await fetch(`${url}/.well-known/jwks.json`)).text());
  expect(new Set(await Promise.all(published)).size).toBe(1);

  await send(one, here.admin.token, operations.SuspendUser!, { input: { userId: here.admin.id } });
  await send(one, here.admin.token, operations.SuspendUser!, { input: { userId: user.id } });
  for (const server of servers)
    expect((await send(server, accessToken, "{ me { guid } }")).code).toBe("UNAUTHENTICATED");
});

test("who is suspended at one server is refused by the other at once, though it knows the token", async () => {
  const here = await tenant();
  const user = await here.user();
  for (const server of servers) await send(server, user.token, "{ me { guid } }");
  const { suspendUser } = await ask(here.admin.token, operations.SuspendUser!, { input: { userId: user.id } });
  expect(suspendUser.errors).toEqual([]);
  for (const server of servers)
    expect((await send(server, user.token, "{ me { guid } }")).code).toBe("UNAUTHENTICATED");
});

test("of writes to one version at both servers, one wins", async () => {
  const here = await tenant();
  const user = await here.user();
  const names = Array.from({ length: 10 }, (_, index) => `Racer ${index}`);
  const answers = await Promise.all(
    names.map((forename) =>
      ask(here.admin.token, operations.UpdateUser!, { input: { userId: user.id, forename, expectedVersion: 1 } }),
    ),
  );
  const codes: string[] = answers.map(({ updateUser }) =>
    updateUser.errors.map(({ code }: { code: string }) => code).join(),
  );
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 9 }, () => "STALE_OBJECT")]);
});

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { exportJWK } from "jose";
import { AUDIENCE, examples, harness, ISSUER, operations, type Person, SESSION_ISSUER } from "../harness/index.js";
import { processes } from "../harness/process.js";
import { smtpServer } from "../harness/smtp.js";

const { start } = await processes();
const { tenant, database, keys, sign } = await harness();
const smtp = await smtpServer();

const secrets = new Map<string, string>();
/** A word that nobody may read in the log, under the name of what it stands for. */
const canary = (what: string): string => secret(what, `canary-${randomBytes(16).toString("hex")}`);
function secret(what: string, value: string): string {
  secrets.set(`${what} (${secrets.size})`, value);
  return value;
}

/** A text as it may be told: as it is, or in one of the usual encodings. A token is told by either half of it. */
const forms = (value: string): string[] =>
  [value, ...value.split(".").filter((part) => part.length > 30)].flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString("hex"),
    // Whatever stands before it.
    ...[0, 1, 2].map((shift) =>
      Buffer.from(" ".repeat(shift) + text)
        .toString("base64")
        .slice(shift + 1, -4),
    ),
  ]);

/** The names of the secrets that a log tells. */
function told(log: string): string[] {
  const bytes = [...log.matchAll(/\[(\d{1,3}(?:,\d{1,3})+)\]/g)].map(([, list]) =>
    Buffer.from(list!.split(",").map(Number)).toString("latin1"),
  );
  const text = [log, ...bytes].join("\n");
  return [...secrets].filter(([, value]) => forms(value).some((form) => text.includes(form))).map(([what]) => what);
}

/** The same variables with a canary in place of each text. */
function withCanaries(what: string, value: unknown): unknown {
  if (typeof value === "string") return canary(what);
  if (Array.isArray(value)) return value.map((item) => withCanaries(what, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withCanaries(what, item)]));
}

const ROUTER_SECRETS = [canary("the router's secret"), canary("the router's next secret")];
const smtpUrl = new URL(smtp.url);
smtpUrl.username = "mailer";
smtpUrl.password = canary("the mail server's password");
smtpUrl.search = "?requireTLS=false";

test("the log of a server that does everything holds no secret, even at trace level", async () => {
  const here = await tenant();
  const { admin } = here;
  const server = start({
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    LOG_LEVEL: "trace",
    DRAIN_MILLISECONDS: "0",
    DATABASE_URL: database.appUrl,
    TOKEN_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }),
    TOKEN_ISSUER: ISSUER,
    TOKEN_AUDIENCE: AUDIENCE,
    SESSION_ISSUER,
    ROUTER_SECRET: ROUTER_SECRETS.join(),
    SECRET_KEY: [canary("the present key"), canary("the last key")].join(),
    SMTP_URL: smtpUrl.href,
    MAIL_FROM: "The Platform <no-reply@platform.example>",
    INVITATION_URL: "https://platform.example/accept#{token}",
    PUBLIC_URL: "https://users.platform.example",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${canary("the collector's key")}`,
    OTEL_BSP_SCHEDULE_DELAY: "10",
  });
  secret("the database's password", new URL(database.appUrl).password);
  const url = await server.url();

  const post = async (body: string, headers: Record<string, string> = {}): Promise<any> => {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-router-secret": ROUTER_SECRETS[0]!, ...headers },
      body,
    });
    return answer.json().catch(() => null);
  };
  const ask = (token: string, query: string, variables: unknown = {}): Promise<any> =>
    post(JSON.stringify({ query, variables }), { authorization: `Bearer ${secret("an access token", token)}` });

  // Whatever dashboards send, as it is and with nothing but canaries.
  for (const { name, document, variables = "{}" } of examples) {
    await ask(admin.token, document, JSON.parse(variables));
    await ask(admin.token, document, withCanaries(`a text of ${name}`, JSON.parse(variables)));
  }

  // Invitations: sent, refused by a mail server that repeats the mail, accepted, used again, wrong.
  const tokenOf = async (email: string): Promise<string> => {
    const { mail } = await smtp.mailTo(email);
    return secret("an invitation's token", /#([\w.-]+)/.exec(mail.text!)![1]!);
  };
  const email = (): string => `${canary("an address")}@example.com`;
  const [first, second] = [email(), email()];
  const invitation = { type: "INVESTOR", message: canary("a letter"), forename: canary("a name") };
  smtp.refuse({ code: 451, text: "rejected: {source}" });
  await ask(admin.token, operations.InviteUser!, { input: { ...invitation, email: first } });
  await server.says("is tried again");
  smtp.refuse(null);
  for (const { source } of smtp.refused) {
    const text = source.replace(/=\r?\n/g, "").replace(/=3D/g, "=");
    secret("an invitation's token", /accept#([\w.-]+)/.exec(text)![1]!);
  }
  await ask(admin.token, operations.InviteUser!, { input: { ...invitation, email: second } });
  const token = await tokenOf(second);
  const accepted = await post(JSON.stringify({ query: operations.AcceptInvitation, variables: { input: { token } } }));
  expect(accepted.data.acceptInvitation.errors).toEqual([]);
  for (const wrong of [token, `${token}x`, canary("a wrong token")]) {
    await post(JSON.stringify({ query: operations.AcceptInvitation, variables: { input: { token: wrong } } }));
  }

  // A ticket to sign in as somebody, and the session it opens.
  const user = await here.user();
  const group = await here.group({ members: [user] });
  const input = { groupId: group.id, userId: user.id, reason: canary("a reason") };
  const ticket = (await ask(admin.token, operations.CreateLoginToken!, { input })).data.createLoginToken.loginToken;
  const redeem = JSON.stringify({
    query: operations.RedeemLoginToken,
    variables: { input: { token: secret("a login token", ticket as string) } },
  });
  const session = (await post(redeem)).data.redeemLoginToken.accessToken as string;
  expect((await ask(session, operations.Me!)).data.me.guid).toBe(user.guid);
  await post(redeem);

  // An export's link: followed, and a wrong one.
  const { userExport } = (await ask(admin.token, operations.ExportUsers!, { input: {} })).data.exportUsers;
  const link = secret("an export's token", (userExport.downloadUrl as string).split("/exports/")[1]!);
  expect((await fetch(`${url}/exports/${link}`)).status).toBe(200);
  await fetch(`${url}/exports/${canary("a wrong link")}`);
  await fetch(`${url}/exports/${link}x?${canary("a query")}`);

  // Tokens that are refused, for what they say, for who signed them, and for what they are.
  const word = canary("a claim");
  const claims = { sub: word, tenant_id: word };
  for (const wrong of [
    await sign({ ...claims, iss: word }),
    await sign({ ...claims, aud: word }),
    await sign(claims),
    await sign(claims, { kid: word }),
    await sign(claims, { typ: word }),
    `${word}.${word}.${word}`,
    word,
  ]) {
    await ask(wrong, operations.Me!);
  }

  // Answers: saved, wrong, and in a statement that fails, of which PostgreSQL tells the row.
  const answers = async (person: Person): Promise<any> => {
    const form = await here.form();
    const implementation = await here.implementation(person, form);
    return (value: unknown) =>
      ask(person.token, operations.SaveFormAnswers!, {
        input: { implementationId: implementation.id, answers: [{ fieldUuid: form.fields.motto, value }] },
      });
  };
  const save = await answers(user);
  expect((await save(canary("an answer"))).data.saveFormAnswers.errors).toEqual([]);
  await save([canary("a wrong answer")]);
  await database.sql("ALTER TABLE form_implementations ADD CONSTRAINT fault CHECK (false) NOT VALID");
  const failed = await save(canary("an answer that failed"));
  expect(failed.errors[0].extensions.code).toBe("INTERNAL_SERVER_ERROR");
  await database.sql("ALTER TABLE form_implementations DROP CONSTRAINT fault");
  // What PostgreSQL cannot read it quotes.
  await here.classification(canary("a stored text"));
  await database.sql("CREATE POLICY fault ON classifications AS RESTRICTIVE USING (name::integer > 0)");
  for (let count = 0; count < 3; count++) await ask(admin.token, operations.Classifications!);
  await database.sql("DROP POLICY fault ON classifications");
  await database.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'users_app'",
  );
  await Promise.all([save(canary("an answer")), ask(admin.token, operations.Me!)]);

  // Everything that is no GraphQL.
  await post(`{ "query": "${canary("a malformed body")}`);
  await post(canary("a body"), { "content-type": "text/plain" });
  await post(JSON.stringify({ query: "x".repeat(600_000) + canary("a long body") }));
  await post("{}", { "x-router-secret": canary("a wrong router's secret") });
  await post(JSON.stringify({ query: operations.Me }), { authorization: `Basic ${canary("a password")}` });
  await post(JSON.stringify({ query: `query { users(search: "${canary("a literal")}"` }));
  await post(
    JSON.stringify({
      query: `{ users(first: "${canary("a literal")}") { ${canary("a field").replaceAll("-", "_")} } }`,
    }),
  );
  await fetch(`${url}/graphql?query={me{guid}}&variables={"password":"${canary("a password")}"}`);
  await fetch(`${url}/${canary("a path")}?token=${canary("a query")}`);
  await raw(
    url,
    `POST /graphql HTTP/1.1\r\nauthorization: Bearer ${secret("an access token", admin.token)}\r\n bad\0line\r\n\r\n`,
  );
  await raw(url, `GET / HTTP/1.1\r\nx-large: ${canary("a header")}${"x".repeat(40_000)}\r\n\r\n`);

  await server.says("traces do not arrive");
  server.child.kill("SIGTERM");
  const { output, code } = await server.ends();
  expect(code).toBe(0);

  // It was written at all: each operation, the faults with what they are, and what only trace level tells.
  for (const { name } of examples) expect(output).toContain(`"operation":"${name}"`);
  expect(output).toMatch(/"level":10,.*client error/);
  expect(output).toContain('"constraint":"fault"');
  for (const reason of ["iss", "aud", "tenant_id", "no such key", "typ", "not a JWT"])
    expect(output).toContain(`"reason":"${reason}"`);
  expect(output).toMatch(/invalid input syntax for type integer: \\"…\\"/);
  expect(told(output)).toEqual([]);
  expect(secrets.size).toBeGreaterThan(150);
});

/** Sends bytes as they are, and waits for the end. */
async function raw(url: string, bytes: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(bytes);
  socket.resume();
  await once(socket, "close");
}

test("it would be found, however it is told", () => {
  const value = canary("a control");
  const name = [...secrets.keys()].at(-1);
  const token = `${value}${value}.${value}${value}`;
  secret("a token", token);
  for (const log of [
    `{"a":"${value}"}`,
    JSON.stringify({ raw: Buffer.from(`GET /${value}`) }),
    `{"a":"${Buffer.from(value).toString("hex")}"}`,
    ...["", "x", "xy", "xyz"].map((before) => Buffer.from(`${before}${value} and more`).toString("base64")),
  ]) {
    expect(told(log)).toContain(name);
  }
  expect(told(token.split(".")[1]!)).toContain([...secrets.keys()].at(-1));
  expect(told("nothing")).toEqual([]);
});

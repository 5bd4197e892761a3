import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { harness, type Harness, type Person } from "../harness/index.js";
import { until } from "../harness/smtp.js";

/** More than sockets hold by themselves. */
const DOCUMENT = `{ ${Array.from({ length: 20 }, (_, index) => `a${index}: users(first: 100, type: INVESTOR) { nodes { surname } }`).join(" ")} }`;
const LENGTH = 20 * 100 * 4_500;

const crowded = await harness({ unread: { most: 2.5 * LENGTH, milliseconds: 60_000 } });
const impatient = await harness({ unread: { most: 10 * LENGTH, milliseconds: 500 } });

/** Who can ask for it. */
async function teller({ tenant, database }: Harness): Promise<Person> {
  const { admin, id } = await tenant();
  await database.sql(
    `INSERT INTO users (tenant_id, id, type, status, contact_email, email_norm, search_text, surname, sort_name)
     SELECT $1, gen_random_uuid(), 'INVESTOR', 'ACTIVE', m, m, m, repeat('x', 4500), 'x'
     FROM generate_series(1, 100) n, LATERAL (SELECT 'user' || n || '@example.com' AS m) mail`,
    [id],
  );
  return admin;
}

/** An answer that has begun and is not read any further. */
async function begun({ servers: [url] }: Harness, { token }: Person): Promise<IncomingMessage> {
  const asking = request(`${url}/graphql`, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  });
  asking.end(JSON.stringify({ query: DOCUMENT }));
  const [answer] = (await once(asking, "response")) as [IncomingMessage];
  return answer.pause();
}

const endOf = (answer: IncomingMessage): Promise<string> =>
  text(answer).then(
    (read) => (read.length > LENGTH ? "whole" : "cut short"),
    (error: Error) => error.message,
  );

const hungUpOn = async ({ servers: [url] }: Harness): Promise<string | undefined> =>
  /http_responses_total\{route="\/graphql",status="499"\} (\d+)/.exec(
    await (await fetch(`${url}/metrics`)).text(),
  )?.[1];

test("answers that nobody reads give way when too much waits, the oldest first", async () => {
  const admin = await teller(crowded);
  const answers = [];
  for (let count = 0; count < 4; count++) answers.push(await begun(crowded, admin));
  expect(await until(async () => ((await hungUpOn(crowded)) === "2" ? "2" : null))).toBe("2");
  expect(await Promise.all(answers.map(endOf))).toEqual(["aborted", "aborted", "whole", "whole"]);
  // What was read does not count any more.
  for (let count = 0; count < 4; count++) expect(await endOf(await begun(crowded, admin))).toBe("whole");
});

test("an answer of which nothing is read for a while is given up", async () => {
  const answer = await begun(impatient, await teller(impatient));
  expect(await until(async () => (await hungUpOn(impatient)) ?? null)).toBe("1");
  expect(await endOf(answer)).toBe("aborted");
});

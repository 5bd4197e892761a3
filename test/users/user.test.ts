import { harness, operations } from "../harness/index.js";

const { tenant } = await harness();

test("one user with its graph", async () => {
  const here = await tenant();
  const user = await here.user({ forename: "Zoë", surname: "Müller", title: "Ms" });
  await here.group({ members: [user], lead: user });
  await here.classify(user, await here.classification());
  const answer = await here.admin.send(operations.UserWithItsGraph!, { guid: user.guid });
  console.log(answer.body, answer.statements);
  const again = await here.admin.send(operations.UserWithItsGraph!, { guid: user.guid });
  const third = await here.admin.send(operations.UserWithItsGraph!, { guid: user.guid });
  expect(again.body).toBe(answer.body);
  expect(third.body).toBe(answer.body);
  console.log(await here.admin.send(operations.UpdateUser!, { input: { userId: user.id, forename: "Zoe" } }));
  console.log(await here.admin.send(operations.UpdateUser!, { input: { userId: user.id, email: "Zoe" } }));
  console.log((await here.admin.send(`{ users(first: 2) { totalCount nodes { name } pageInfo { endCursor hasNextPage} } auditEvents { nodes { operation changes } } }`)).body);
});

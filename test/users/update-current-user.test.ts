import { harness, operations } from "../harness/index.js";
import { profileRules } from "../harness/profile.js";

const server = await harness();
const { tenant } = server;
const document = operations.UpdateCurrentUser!;

profileRules(server, {
  document,
  of: (_here, user) => ({ caller: user, target: {} }),
  limits: { title: 32, forename: 255, surname: 255 },
});

test("changes the signed-in user and nobody else", async () => {
  const here = await tenant();
  const [user, other] = [await here.user(), await here.user()];
  const before = await here.read(other);
  const input = { title: "Ms", forename: "Zoë", surname: "Müller", email: "zoe@example.com" };
  expect(await here.refusals(user, document, input)).toEqual([]);
  expect(await here.read(user)).toMatchObject({ name: "Ms Zoë Müller", contactEmail: "zoe@example.com", version: 2 });
  expect(await here.read(other)).toEqual(before);
});

test("what a user is, and how they stand, cannot be named in the input", async () => {
  const here = await tenant();
  const user = await here.user();
  const before = await here.contents();
  for (const [field, value] of Object.entries({
    type: "INTERNAL",
    status: "ACTIVE",
    username: "me",
    roleIds: [],
    userId: here.admin.id,
    assignedInternalUserId: here.admin.id,
  })) {
    const { errors } = await user.send(document, { input: { [field]: value } });
    expect(errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ code: "BAD_USER_INPUT", argument: ["input"] }) }),
    ]);
  }
  expect(await here.contents()).toEqual(before);
});

test("an impersonated session changes the names and not the e-mail address", async () => {
  const here = await tenant();
  const user = await here.user();
  const session = await here.actingAs(here.admin, user);
  expect(await here.refusals(session, document, { forename: "Named" })).toEqual([]);
  expect(await here.refusals(session, document, { forename: "X", email: "stolen@example.com" })).toEqual([
    "IMPERSONATION_FORBIDDEN input.email",
  ]);
  expect(await here.read(user)).toMatchObject({ forename: "Named", contactEmail: user.email });
});

import {
  getNamedType,
  getNullableType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from "graphql";
import { v7 as uuidv7 } from "uuid";
import { fromGlobalId, toGlobalId } from "../../src/kit/index.js";
import { inDays } from "../harness/invitations.js";
import type { Path, Place } from "./places.js";

/**
 * What is to become of a value, by the rules of its type, and of very few names, alone:
 * - MALFORMED: is not of the type, and refused with BAD_USER_INPUT at its place before anything is done.
 * - REFUSED: is of the type, but breaks a rule that holds wherever it stands; refused at its place.
 * - FREE: may be good or not. If refused, then at its place.
 */
export type Verdict = "MALFORMED" | "REFUSED" | "FREE";

export interface Attack {
  value: unknown;
  verdict: Verdict;
  /** What is named, from the place on. */
  below: Path;
  /** Has a field that there is not. */
  unknown?: true;
}

const all = (verdict: Verdict, values: unknown[]): Attack[] => values.map((value) => ({ value, verdict, below: [] }));

/** Under the limit of a body. */
const HUGE = 150_000;

const TEXTS = [
  "",
  " \t\n ",
  "a",
  "x".repeat(300),
  "x".repeat(HUGE),
  "\u202Eabc\u200F\u0627\u0644",
  "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301",
  "'; DROP TABLE users; --",
  "%_\\",
  "${7*7} {{7*7}} <%= 7*7 %> #{7*7}",
  "<script>alert(1)</script>",
  "a\r\nBcc: b@example.com",
  "a\u0001\u001b[31m\u0085\u2028",
  "__proto__",
  "constructor",
  "0",
  "../../etc/passwd",
  "=1+1",
];
const INT_BOUNDS = [2 ** 31 - 1, -(2 ** 31)];
const NO_TEXT = [7, true, {}, ["a"]];
const ZERO = "00000000-0000-0000-0000-000000000000";

const LEAVES: Record<string, { malformed: unknown[]; free: unknown[] }> = {
  String: { malformed: NO_TEXT, free: TEXTS },
  Int: {
    malformed: [2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e308, -1e308, 1.5, "1", "", true, {}, [1]],
    free: [0, -1, 1, ...INT_BOUNDS],
  },
  Float: {
    malformed: ["1", "", true, {}, [1]],
    free: [0, -0, -1, 0.1, 5e-324, ...INT_BOUNDS, 2 ** 53, 1e308, -1e308],
  },
  Boolean: { malformed: ["true", "", 0, 1, {}, [true]], free: [true, false] },
  ID: { malformed: [1.5, true, {}, ["a"]], free: [] },
  UUID: {
    malformed: [...NO_TEXT, "", "x", `{${ZERO}}`, ZERO.replaceAll("-", ""), `${ZERO}0`, ` ${ZERO}`, "g".repeat(36)],
    free: [ZERO, "ffffffff-ffff-ffff-ffff-ffffffffffff", "501A4C57-ACB8-40D6-B867-B833854A96B9"],
  },
  Date: {
    malformed: [
      ...NO_TEXT,
      "",
      "today",
      "0000-01-01",
      "10000-01-01",
      "+275760-09-13",
      "-0001-01-01",
      "2023-02-29",
      "2024-02-30",
      "2024-13-01",
      "2024-1-1",
      "2024-01-01T00:00:00Z",
      "infinity",
    ],
    free: ["0001-01-01", "9999-12-31", "2024-02-29"],
  },
  DateTime: {
    malformed: [
      ...NO_TEXT,
      "",
      "now",
      "2030-01-01",
      "2030-01-01T00:00:00",
      "2030-02-29T00:00:00Z",
      "2030-01-01T24:00:00Z",
      "2030-01-01T00:00:60Z",
      "2030-01-01T00:00:00+24:00",
      "2030-01-01T00:00:00+00:60",
      "0000-01-01T00:00:00Z",
      "0001-01-01T00:00:00+23:59",
      "9999-12-31T23:59:59-23:59",
      "+275760-09-13T00:00:00Z",
      "infinity",
    ],
    free: [
      "0001-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999999Z",
      "2024-02-29T23:59:59+14:00",
      inDays(2).replace("Z", "+23:59"),
      inDays(2).replace("Z", "-23:59"),
    ],
  },
  EmailAddress: {
    malformed: [
      ...NO_TEXT,
      "",
      "a",
      "a@b",
      "@b.cd",
      "a b@c.de",
      "<a@b.cd>",
      "a@b.cd, e@f.gh",
      "a@b.cd\r\nBcc: e@f.gh",
      `${"l".repeat(65)}@b.cd`,
      "x".repeat(HUGE),
    ],
    free: ["'drop--@b.cd", "%_${7*7}@b.cd", "e\u0301@b.cd", "A@XN--MNCHEN-3YA.DE"],
  },
  JSON: {
    malformed: [],
    free: [
      true,
      0,
      -0,
      2 ** 53,
      1e308,
      {},
      [],
      [[[[]]]],
      Array.from({ length: 5_000 }, () => 0),
      JSON.parse(`${"[".repeat(90)}${"]".repeat(90)}`),
      { toString: [{}], "": null },
      ...TEXTS,
    ],
  },
};

/** Texts that no place takes, whatever it is for: they cannot be stored. The first of them ends its request. */
export const UNSTORABLE = ["a\0", "\ud800", "a\udc00b", `a${"\u0301".repeat(40)}`];

const encoded = (text: string): string => Buffer.from(text).toString("base64url");

/** What is no key of the platform. */
export const noKeys = LEAVES.UUID!.malformed;

/** What is no id at all; as JSON numbers ids are taken for their digits. */
export const noIds = (own: string): unknown[] => {
  const { type, key } = fromGlobalId(own, []);
  return [
    "",
    " ",
    "x",
    "%",
    7,
    -1,
    "VXNlcjox",
    "x".repeat(HUGE),
    `${own}=`,
    ` ${own}`,
    own.slice(0, -1),
    `${own}\n`,
    `${key}x`,
    encoded(`${type}:`),
    encoded(`:${key}`),
    encoded(`${type}:${key}:x`),
    encoded(`${type}:${key.toUpperCase()}`),
    encoded(`${type}: OR 1=1`),
    encoded(key),
    "'; DROP TABLE users; --",
    "👩‍👩‍👧‍👦",
  ];
};

const TYPES = [
  "User",
  "UserGroup",
  "Classification",
  "UserFormImplementation",
  "UserDataForm",
  "InvestorPreferenceForm",
  "Nothing",
  "__proto__",
];
/** What is done to forms of both kinds. */
const ANY_FORM = ["Mutation.publishForm", "Mutation.archiveForm"];

/** Ids of other types, with a key that exists. */
export function otherTypes(own: string, target = ""): unknown[] {
  const { type, key } = fromGlobalId(own, []);
  const taken = ANY_FORM.includes(target) ? ["UserDataForm", "InvestorPreferenceForm"] : [type];
  return TYPES.filter((one) => !taken.includes(one)).map((one) => toGlobalId(one, key));
}

/** Which places take global ids of any type, and nothing else. */
const ANY_TYPE = ["id of Query.node", "ids.0 of Query.nodes"];

export const takesAnyType = (key: string, path: Path): boolean => ANY_TYPE.includes(`${path.join(".")} of ${key}`);

/** All values to put in a place where a good one stands. */
export function attacksOn(key: string, { path, type }: Place, good: unknown): Attack[] {
  const nulls = all(isNonNullType(type) ? "MALFORMED" : "FREE", [null]);
  return [...nulls, ...ofType(key, path, getNullableType(type), good)];
}

function ofType(key: string, path: Path, type: GraphQLInputType, good: unknown): Attack[] {
  if (isListType(type)) return onList(path, type.ofType, good);
  if (isInputObjectType(type)) {
    const demands = Object.values(type.getFields()).some((field) => isNonNullType(field.type));
    return [
      ...all("MALFORMED", ["x", 7, true]),
      { value: { ...(good as object), nope: 1 }, verdict: "MALFORMED", below: [], unknown: true },
      ...all(demands ? "MALFORMED" : "FREE", [{}]),
    ];
  }
  if (isEnumType(type)) {
    const names = type.getValues().map(({ name }) => name);
    return [
      ...all("MALFORMED", ["", "x", names[0]!.toLowerCase(), ` ${names[0]}`, 0, true, {}, [names[0]], "__proto__"]),
      ...all("FREE", names),
    ];
  }
  const { malformed, free } = LEAVES[getNamedType(type).name]!;
  const name = path.at(-1);
  const leaf = [
    ...all("MALFORMED", malformed),
    ...free.map((value): Attack => ({ value, verdict: verdictOn(name, value), below: [] })),
  ];
  if (getNamedType(type).name === "ID" && typeof good === "string") {
    leaf.push(...noIds(good).map((value): Attack => ({ value, verdict: "REFUSED", below: [] })));
    if (takesAnyType(key, path)) leaf.push(...all("REFUSED", [fromGlobalId(good, []).key]));
    else leaf.push(...all("REFUSED", otherTypes(good, key)));
  }
  return leaf;
}

/** A page has 1 to 100 rows, and begins behind a cursor that was given. */
function verdictOn(name: string | number | undefined, value: unknown): Verdict {
  if (name === "after" || name === "before") return "REFUSED";
  return (name === "first" || name === "last") && value !== 1 ? "REFUSED" : "FREE";
}

/** A list of a filter has 100 values at most, and `nodes` as many; others have limits of their own. */
const isShort = (path: Path): boolean => path.includes("filter") || path[0] === "ids";

function onList(path: Path, item: GraphQLInputType, good: unknown): Attack[] {
  const [first] = good as unknown[];
  const inner = getNullableType(item);
  const { name } = getNamedType(inner);
  const times = (length: number): unknown[] => Array.from({ length }, () => first);
  const most = Math.min(Math.floor(HUGE / (JSON.stringify(first).length + 1)), 10_000);
  const isKey = name === "ID" || name === "UUID";
  return [
    ...all("MALFORMED", [{}]),
    { value: [null], verdict: "MALFORMED", below: [0] },
    ...(isInputObjectType(inner) ? [] : [{ value: [[first]], verdict: "MALFORMED" as const, below: [0] }]),
    // A single value is taken for a list of one, by the rules of GraphQL.
    ...all("FREE", [[], [first, first], first, times(100)]),
    ...all(isShort(path) ? "REFUSED" : "FREE", [times(101), times(most)]),
    ...all(isShort(path) ? "REFUSED" : "FREE", isKey ? [times(3_000).map(() => newKey(name, first))] : []),
  ];
}

/** A key that nobody has, as the good one is written. */
const newKey = (name: string, good: unknown): string =>
  name === "ID" ? toGlobalId(fromGlobalId(good as string, []).type, uuidv7()) : uuidv7();

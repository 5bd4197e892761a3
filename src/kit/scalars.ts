import { type ASTNode, GraphQLError, GraphQLScalarType, Kind } from "graphql";

/** A scalar of strings: `read` gives the stored form or undefined when the text is malformed. */
function stringScalar(config: {
  name: string;
  description: string;
  specifiedByURL?: string;
  read: (text: string) => string | undefined;
  write?: (stored: unknown) => unknown;
}): GraphQLScalarType<string> {
  const { read, write, ...rest } = config;
  const parse = (value: unknown, nodes?: ASTNode): string => {
    const stored = typeof value === "string" ? read(value) : undefined;
    if (stored === undefined) {
      throw new GraphQLError(`Not a valid ${config.name}.`, { nodes, extensions: { code: "BAD_USER_INPUT" } });
    }
    return stored;
  };
  return new GraphQLScalarType({
    ...rest,
    serialize: (write ?? ((stored) => stored)) as (stored: unknown) => string,
    parseValue: (value) => parse(value),
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined, node),
  });
}

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => UUID_PATTERN.test(text);

export const UUID = stringScalar({
  name: "UUID",
  description: "A UUID of any version in its canonical form of 36 characters; answered in lower case (RFC 9562).",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc9562",
  read: (text) => (isUuid(text) ? text.toLowerCase() : undefined),
});

const DATE_TIME_PATTERN = /^\d{4}-\d{2}-\d{2}[Tt](?!24)\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** The instant that a text of RFC 3339 names, in UTC; undefined for a text that names none of the years 1 to 9999. */
const instantOf = (text: string): string | undefined => {
  if (!DATE_TIME_PATTERN.test(text) || !isCalendarDay(text.slice(0, 10))) return undefined;
  const instant = new Date(text.replace(/(\.\d{3})\d+/, "$1"));
  if (Number.isNaN(instant.getTime())) return undefined;
  const utc = instant.toISOString();
  // An offset can carry the instant out of the years that four digits name.
  return /^(?!0000)\d{4}-/.test(utc) ? utc : undefined;
};
export const isInstant = (text: string): boolean => instantOf(text) !== undefined;

export const DateTime = stringScalar({
  name: "DateTime",
  description:
    "An instant in the form of RFC 3339, e.g. `2024-01-15T10:30:00.000Z`. Answered in UTC with milliseconds; finer digits of an input are cut.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  read: instantOf,
  write: (stored) => (stored instanceof Date ? stored.toISOString() : stored),
});

/** Whether a text is a day of the years 1 to 9999: `YYYY-MM-DD`. */
export const isCalendarDay = (text: string): boolean => {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // The 30th of February would be taken for the 2nd of March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};

// Named as GraphQL clients expect it; the global Date stays reachable as globalThis.Date.
export const DateScalar = stringScalar({
  name: "Date",
  description: "A calendar day, `YYYY-MM-DD` (RFC 3339 full-date). In filters a day is a whole day of UTC.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
  read: (text) => (isCalendarDay(text) ? text : undefined),
});

// The dot-atom form of RFC 5322 that RFC 5321 mailboxes use in practice; length limits of RFC 5321.
const EMAIL_PATTERN =
  /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)+$/u;
export const isEmailAddress = (text: string): boolean =>
  text.length <= 254 && EMAIL_PATTERN.test(text) && !/^\.|\.\.|\.@/.test(text);

export const EmailAddress = stringScalar({
  name: "EmailAddress",
  description: "An e-mail address of at most 254 characters (RFC 5321). Compared without regard to case.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc5321",
  read: (text) => (isEmailAddress(text) ? text.normalize("NFC") : undefined),
});

const literalJson = (node: Parameters<GraphQLScalarType["parseLiteral"]>[0], variables: unknown): unknown => {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, literalJson(field.value, variables)]));
    case Kind.LIST:
      return node.values.map((value) => literalJson(value, variables));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.VARIABLE:
      return (variables as Record<string, unknown> | undefined)?.[node.name.value];
    case Kind.NULL:
      return null;
    default:
      return node.value;
  }
};

export const JSONValue = new GraphQLScalarType({
  name: "JSON",
  description: "Any JSON value (RFC 8259).",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc8259",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: literalJson,
});

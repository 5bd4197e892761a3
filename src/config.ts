import { z } from "zod";
import { failureCode, isEmailAddress, LIMITS } from "./kit/index.js";

const text = z.string().min(1);
/** Digits alone: `Number` would read " " as 0, and "1e3" as 1000. */
const count = (least: number, most: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d+$/, { error: "has to be a whole number", abort: true })
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const milliseconds = (least = 0): z.ZodType<number> => count(least, 3_600_000);
const flag = z.enum(["true", "false"]).transform((value) => value === "true");
/** URLs may hold a lone %, at which the driver gives up. */
const canDecode = (value: string): boolean => {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
};
const unreadable = "cannot be read as a URL: in a password % / ? # @ : are written %25 %2F %3F %23 %40 %3A";
const postgresUrl = z
  .url({
    protocol: /^postgres(ql)?$/,
    error: ({ input }) => (/^postgres(ql)?:\/\//.test(String(input)) ? unreadable : "has to be a postgres:// URL"),
    abort: true,
  })
  .refine(canDecode, { error: unreadable, abort: true });
/** Migrations grant to the role that it names. */
const appUrl = postgresUrl.refine(
  (value) => new URL(value).username !== "",
  "has to name its role: postgres://role@host/database",
);
/** One secret, or two with a comma between while one replaces the other. */
const secrets = (length: number): z.ZodType<string[]> =>
  z
    .string()
    .transform((value) => value.split(","))
    .pipe(
      z
        .array(
          z
            .string()
            .min(length, `has to have at least ${length} characters`)
            .refine((value) => value === value.trim(), "has spaces around a value"),
        )
        .max(2, "takes two values at most"),
    );

/** `ida@example.com` or `Ida Sample <ida@example.com>`. */
const mailbox = z
  .string()
  .transform((value) => {
    const [, name = "", address = value] = /^([^<>\p{Cc}]*)<([^<>]*)>$/u.exec(value) ?? [];
    return { name: name.trim(), address: address.trim() };
  })
  .refine(({ address }) => isEmailAddress(address), "has to be an address, or a name and an <address>");
const parseUrl = (value: string): URL | null => (URL.canParse(value) ? new URL(value) : null);
/** With `{token}` where the token goes, which may not choose the host. */
const tokenUrl = z.string().refine((value) => {
  const [one, two] = ["one", "two"].map((token) => value.replaceAll("{token}", token)).map(parseUrl);
  return one && two && /^https?:$/.test(one.protocol) && one.href !== two.href && one.origin === two.origin;
}, "has to be an http(s) URL with {token} in it");

/** An address that paths are put behind. */
const publicUrl = z
  .url({ protocol: /^https?$/, error: "has to be an http(s) URL" })
  .refine((value) => !/[?#@]/.test(value), "has to be an address without user, query and fragment")
  .transform((value) => value.replace(/\/+$/, ""));

/** Every variable that the server reads; the README's table says the same. */
const schema = z.object({
  NODE_ENV: z.enum(["development", "production", "test"]).default("development"),
  HOST: text.optional(),
  PORT: count(0, 65_535).default(4001),
  DATA_DIR: text.default(".data"),
  DATABASE_URL: appUrl.optional(),
  DATABASE_OWNER_URL: postgresUrl.optional(),
  DATABASE_REPLICA_URLS: z
    .string()
    .transform((value) => value.split(","))
    .pipe(z.array(postgresUrl))
    .default([]),
  DB_POOL_MODE: z.enum(["session", "transaction"]).default("session"),
  DB_POOL_MAX: count(1, 1_000).default(10),
  DB_POOL_QUEUE: count(0, 100_000).default(200),
  DB_STATEMENT_TIMEOUT: milliseconds(100).default(5_000),
  DEADLINE_MILLISECONDS: milliseconds(100).default(10_000),
  MAX_BODY_BYTES: count(1_024, 64 * 1024 * 1024).default(LIMITS.bodyBytes),
  MAX_TOKENS: count(100, 100_000).default(LIMITS.tokens),
  MAX_DEPTH: count(1, 100).default(LIMITS.depth),
  MAX_FIELDS: count(10, 100_000).default(LIMITS.fields),
  MAX_PAIRS: count(0, 1_000_000).default(LIMITS.pairs),
  MAX_ALIASES: count(0, 10_000).default(LIMITS.aliases),
  MAX_ROOT_FIELDS: count(1, 1_000).default(LIMITS.rootFields),
  MAX_VALUES: count(1_000, 100_000_000).default(LIMITS.values),
  MAX_REFERENCES: count(1, 10_000).default(LIMITS.references),
  TOKEN_ISSUER: text.optional(),
  TOKEN_AUDIENCE: text.optional(),
  TOKEN_JWKS_URL: z.url({ protocol: /^https?$/, error: "has to be an http(s) URL" }).optional(),
  TOKEN_PUBLIC_KEY: text.optional(),
  SESSION_ISSUER: text.optional(),
  SAFELIST: flag.default(false),
  ROUTER_SECRET: secrets(16)
    .refine((values) => values.every((value) => /^[ -~]*$/.test(value)), "may have ASCII alone: it is sent in a header")
    .optional(),
  SECRET_KEY: secrets(32).optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: "has to be an smtp:// or smtps:// URL" }).optional(),
  MAIL_FROM: mailbox.optional(),
  INVITATION_URL: tokenUrl.optional(),
  MAIL_WORKER: flag.default(true),
  PUBLIC_URL: publicUrl.optional(),
  EXPORT_CONCURRENCY: count(1, 100).default(3),
  EXPORT_MAX_ROWS: count(1, 1_048_575).default(1_000_000),
  DRAIN_MILLISECONDS: milliseconds().optional(),
  NODE_FIELDS: flag.default(true),
  COMPILE_QUERIES: flag.default(true),
  OTEL_EXPORTER_OTLP_ENDPOINT: publicUrl.optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

export type Config = z.infer<typeof schema>;

/** The configuration cannot be used; one line for each variable. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join("\n"));
  }
}

/** What the driver says of a connection and not what to do about it. */
const ADVICE: [said: RegExp, advice: (variable: keyof Config) => string][] = [
  [/client password must be/, () => "the server asks for a password: postgres://role:password@host/database"],
  [/does not support SSL/, () => "the server offers no TLS, which its sslmode demands"],
  [
    /^unsupported startup parameter/,
    (variable) =>
      variable === "DATABASE_URL"
        ? "a pooler answers there: set DB_POOL_MODE=transaction"
        : "a pooler answers there: it has to go straight to PostgreSQL",
  ],
];

/** What the machine says of what a variable names, e.g. that a host is not found, with its name; anything else as it is. */
export const naming =
  (variable: keyof Config) =>
  (error: Error & { code?: string }): never => {
    const [, advice] = ADVICE.find(([said]) => said.test(error.message)) ?? [];
    if (advice) throw new ConfigError([`${variable}: ${advice(variable)}`]);
    const code = error.code ?? failureCode(error);
    throw code === undefined ? error : new ConfigError([`${variable}: ${error.message || code}`]);
  };

/** What production needs, and why a start without it would be unsafe. */
const PRODUCTION_NEEDS: [name: keyof Config, why: string][] = [
  ["DATABASE_URL", "the embedded database is for development"],
  ["SESSION_ISSUER", "the tokens of impersonated sessions name it, and a router finds their keys by it"],
  ["ROUTER_SECRET", "anybody could pass by the router"],
  ["SECRET_KEY", "tokens of invitations and the keys of sessions are derived from it"],
  ["SMTP_URL", "no mail could be sent"],
  ["MAIL_FROM", "mails need a sender"],
  ["INVITATION_URL", "mails have to say where an invitation is accepted"],
  ["PUBLIC_URL", "links of exports have to say where they are downloaded"],
];

/** Whether two URLs are of one database as one role, wherever it is served. */
const sameDatabase = (...urls: [string, string]): boolean => {
  const [one, other] = urls.map((url) => new URL(url));
  return one!.username === other!.username && one!.pathname === other!.pathname;
};

/** What a server needs that takes the tokens of an issuer: in development none of it, or all. */
const ISSUER_NEEDS: [name: keyof Config, why: string][] = [
  ["TOKEN_ISSUER", "tokens of any issuer would be accepted"],
  ["TOKEN_AUDIENCE", "tokens made for other services would be accepted"],
];

function missing(config: Config): string[] {
  const production = config.NODE_ENV === "production";
  const keys = config.TOKEN_JWKS_URL ?? config.TOKEN_PUBLIC_KEY;
  const issuer = production || keys || config.TOKEN_ISSUER || config.TOKEN_AUDIENCE;
  return [
    ...[...(production ? PRODUCTION_NEEDS : []), ...(issuer ? ISSUER_NEEDS : [])]
      .filter(([name]) => !config[name])
      .map(([name, why]) => `${name} is missing: ${why}.`),
    ...(issuer && !keys ? ["TOKEN_JWKS_URL or TOKEN_PUBLIC_KEY is missing: no token could be verified."] : []),
    ...(config.DATABASE_OWNER_URL && !config.DATABASE_URL && !production
      ? ["DATABASE_URL is missing: DATABASE_OWNER_URL migrates for it, and the embedded database has its own."]
      : []),
  ];
}

/** Reads the environment. @throws ConfigError naming every variable that cannot be used. */
export const readConfig = (environment = process.env): Config => read(environment, { server: false });

/** For a server, or what works in its place. @throws ConfigError also for what is missing in production. */
export const readServerConfig = (environment = process.env): Config => read(environment, { server: true });

function read(environment: NodeJS.ProcessEnv, { server }: { server: boolean }): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`));
  }
  const config = parsed.data;
  const problems: string[] = [];
  if (config.TOKEN_JWKS_URL && config.TOKEN_PUBLIC_KEY) {
    problems.push("TOKEN_JWKS_URL, TOKEN_PUBLIC_KEY: give one of the two.");
  }
  if (config.SESSION_ISSUER && config.SESSION_ISSUER === config.TOKEN_ISSUER) {
    problems.push("SESSION_ISSUER, TOKEN_ISSUER: have to differ, for each has keys of its own.");
  }
  const { DATABASE_URL: primary, DATABASE_REPLICA_URLS: replicas } = config;
  // A replica has the roles of its primary, which is looked into at the start.
  if (replicas.some((replica) => !primary || replica === primary || !sameDatabase(replica, primary))) {
    problems.push("DATABASE_REPLICA_URLS: have to name the role and the database of DATABASE_URL, on other servers.");
  }
  if (server) problems.push(...missing(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

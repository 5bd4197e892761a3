import pg from "pg";

/** The two roles of a database: its owner migrates, the application serves under row-level security. */
export interface DatabaseUrls {
  ownerUrl: string;
  appUrl: string;
}

const OWNER = "users_owner";
const APP = "users_app";

/** Makes the roles and, unless it is there, the database on a cluster whose superuser we are. */
export async function ensureDatabase(url: (database: string) => string, database: string): Promise<DatabaseUrls> {
  const superuser = new pg.Client({ connectionString: url("postgres") });
  // A connection that breaks also fails the statement under way, which is where it is told.
  superuser.on("error", () => {});
  await superuser.connect();
  const { password } = new URL(url("postgres"));
  try {
    const literal = pg.escapeLiteral(decodeURIComponent(password));
    for (const role of [OWNER, APP]) {
      const { rowCount } = await superuser.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
      await superuser.query(`${rowCount ? "ALTER" : "CREATE"} ROLE ${role} LOGIN NOSUPERUSER PASSWORD ${literal}`);
    }
    const { rowCount } = await superuser.query("SELECT FROM pg_database WHERE datname = $1", [database]);
    if (!rowCount) await superuser.query(`CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${OWNER}`);
  } finally {
    await superuser.end();
  }
  return databaseUrls(url, database);
}

export const databaseUrls = (url: (database: string) => string, database: string): DatabaseUrls => ({
  ownerUrl: withUser(url(database), OWNER),
  appUrl: withUser(url(database), APP),
});

function withUser(connectionString: string, user: string): string {
  const url = new URL(connectionString);
  url.username = user;
  return url.href;
}

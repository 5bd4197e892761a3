import { dataSource } from "./src/database/index.js";
import { entities } from "./src/schema.js";

/** The DataSource for TypeORM's command line, e.g. `npx typeorm migration:show -d dist/ormconfig.js` after a build. */
export default dataSource({
  url: process.env.DATABASE_OWNER_URL ?? process.env.DATABASE_URL ?? "postgres://localhost/users",
  entities,
});

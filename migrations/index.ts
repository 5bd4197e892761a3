import { Foundation1763800000000 } from "./1763800000000-foundation.js";

/** All migrations, oldest first. */
export const migrations = [Foundation1763800000000];

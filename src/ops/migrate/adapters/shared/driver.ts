/** How a tool's driver takes a connection. */
export type Driver =
  /** libpq, by psycopg: everything in PG variables. */
  | 'libpq'
  /** asyncpg, by way of Tortoise, which knows the scheme `postgres` only. */
  | 'asyncpg'
  /** Go's lib/pq: knows neither `prefer` nor `allow`. */
  | 'go'
  /** node-postgres: `require` would check the certificate, `no-verify` does what libpq calls require. */
  | 'node'
  /** A script of the team: whatever is behind it reads DATABASE_URL, and perhaps no password file. */
  | 'script';

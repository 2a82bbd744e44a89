import { z } from 'zod';
import { poll } from '../poll.ts';
import { defineQuery } from '../query.ts';

/** Roles that may log in and whose password ends, or has ended, on a day; the first one first. */
export const roleExpiry = defineQuery({
  id: 'roles.expiry',
  variants: [
    {
      sql: `SELECT /* pgdeck */ rolname::text AS role, rolsuper AS superuser, to_char(rolvaliduntil, 'YYYY-MM-DD HH24:MI TZ') AS until,
  date_part('epoch', rolvaliduntil - clock_timestamp()) AS left_seconds
FROM pg_roles WHERE rolcanlogin AND isfinite(rolvaliduntil) ORDER BY rolvaliduntil, rolname LIMIT 1000`,
    },
  ],
  row: z.object({
    role: z.string(),
    superuser: z.boolean(),
    until: z.string(),
    /** Negative: it has passed. */
    left_seconds: z.number(),
  }),
});

/** Roles that may log in with a password that is kept as an MD5 hash. Of the hash nothing is read. */
export const roleMd5 = defineQuery({
  id: 'roles.md5',
  variants: [
    {
      sql: `SELECT /* pgdeck */ rolname::text AS role, rolsuper AS superuser
FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'md5%' ORDER BY rolname LIMIT 1000`,
    },
  ],
  unavailable: ({ rights }) =>
    rights.superuser
      ? undefined
      : {
          reason: 'Only superusers see how passwords are kept (pg_authid).',
          remedy: 'Connect as a superuser.',
        },
  row: z.object({ role: z.string(), superuser: z.boolean() }),
});

export const roleExpiryPoll = poll('slow', 'slow', roleExpiry);
export const roleMd5Poll = poll('slow', 'slow', roleMd5);

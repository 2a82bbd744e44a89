import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';

/**
 * Lines of pg_hba.conf that let in without a password, send it as it is, or are wrong. Read from the file, which the
 * server may have loaded before it was changed.
 */
export const hbaRules = defineQuery({
  id: 'hba.rules',
  variants: [
    {
      sql: `SELECT /* pgdeck */ line_number, type, array_to_string(database, ',') AS databases, array_to_string(user_name, ',') AS roles,
  address, netmask, auth_method AS method, error
FROM pg_hba_file_rules WHERE error IS NOT NULL OR auth_method IN ('trust', 'password', 'ident') ORDER BY line_number LIMIT 1000`,
    },
  ],
  unavailable: ({ rights }) =>
    rights.superuser
      ? undefined
      : {
          reason: 'Only superusers see the rules of pg_hba.conf (pg_hba_file_rules).',
          remedy: 'Connect as a superuser.',
        },
  row: z.object({
    line_number: column.int,
    /** `local`, `host`, `hostssl`, `hostnossl` …; null on a line that is wrong. */
    type: column.text,
    databases: column.text,
    roles: column.text,
    /** An address, a name, `all`, `samehost`, `samenet`; null for `local`. */
    address: column.text,
    netmask: column.text,
    method: column.text,
    error: column.text,
  }),
});
export type HbaRow = RowOf<typeof hbaRules>;

export const hbaPoll = poll('slow', 'slow', hbaRules);

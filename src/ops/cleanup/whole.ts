import { fullName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/** The name of the table that a partition is of, the outermost one. Throws DbError. */
export async function wholeOf(session: Session, { oid }: { readonly oid: number }): Promise<string> {
  const [row] = await session.sql(
    'SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_partition_root($1::oid)',
    [oid],
  );
  return fullName(String(row?.schema), String(row?.name));
}

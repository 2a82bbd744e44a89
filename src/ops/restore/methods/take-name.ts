import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { applyProperties } from '../../database/properties.ts';

/** The name, and the comment in place of the marker where none was backed up, and everything else that goes with it. */
export function takeNameSql(fresh: string, database: string, properties: readonly string[]): string[] {
  const commented = properties.some((sql) => sql.startsWith('COMMENT ON DATABASE '));
  return [
    `ALTER DATABASE ${quoteIdent(fresh)} RENAME TO ${quoteIdent(database)}`,
    ...(commented ? [] : [`COMMENT ON DATABASE ${quoteIdent(database)} IS NULL`]),
    ...properties,
  ];
}

/** Gives a database that is whole its name and properties, or none of it. Throws {@link ../../error.ts OpError}. */
export async function takeName(
  session: Session,
  fresh: string,
  database: string,
  properties: readonly string[],
): Promise<void> {
  await applyProperties(session, takeNameSql(fresh, database, properties));
}

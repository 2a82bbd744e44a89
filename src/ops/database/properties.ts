import type { Session } from '../../db/session.ts';
import { sentenceOf } from '../error.ts';
import { databaseErrors } from './errors.ts';
import { databasePropertyStatements } from './queries/properties.ts';

/**
 * Statements that give `fresh` what is `old`'s and in no dump of it: owner, grants, connection limit, settings, settings
 * of roles in it, security labels, and with `comment` its comment. Without it where the comment holds a marker: the
 * swap carries it over. Throws {@link OpError} when there is no database `old`.
 */
export async function databaseProperties(
  session: Session,
  old: string,
  fresh: string,
  { comment = false }: { readonly comment?: boolean } = {},
): Promise<string[]> {
  const rows = await session.run(databasePropertyStatements, { old, fresh, comment });
  if (rows.length === 0) throw databaseErrors.noDatabase({ database: old }).withNext(undefined);
  return rows.map(({ sql }) => sql);
}

/**
 * Runs them, all or none. After the load: a setting such as default_transaction_read_only would stop it.
 * Throws {@link OpError} with the statement that failed.
 */
export async function applyProperties(session: Session, statements: readonly string[]): Promise<void> {
  await session.sql('BEGIN');
  try {
    for (const statement of statements)
      await session.sql(statement).catch((error: unknown) => {
        throw databaseErrors.statement({ statement, why: sentenceOf(error) }, error);
      });
    await session.sql('COMMIT');
  } catch (error) {
    await session.sql('ROLLBACK').catch(() => {});
    throw error;
  }
}

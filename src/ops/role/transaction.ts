import type { Session } from '../../db/session.ts';

/** Runs them, all or none; `within` before the end. Throws DbError. */
export async function carryOut(
  session: Session,
  statements: readonly string[],
  within: () => void | Promise<void> = () => {},
): Promise<void> {
  await session.sql('BEGIN');
  try {
    for (const statement of statements) await session.sql(statement);
    await within();
    await session.sql('COMMIT');
  } catch (error) {
    await session.sql('ROLLBACK').catch(() => {});
    throw error;
  }
}

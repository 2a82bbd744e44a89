import type { Session } from '../../../../src/db/session.ts';
import { diffSchemas, type SchemaDifference } from '../../../../src/ops/schema/diff.ts';
import { inOrder } from '../../../../src/ops/schema/fix/order.ts';
import { mendOf, sidesOf } from '../../../../src/ops/schema/fix/remedy.ts';
import type { Addition } from '../../../../src/ops/schema/fix/statement.ts';
import type { SchemaSnapshot } from '../../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';

/** All that is added to `actual`, in order. */
export function additionsBetween(
  actual: SchemaSnapshot,
  expected: SchemaSnapshot,
  empty?: ReadonlySet<string>,
): Addition[] {
  const sides = sidesOf({ actual, expected }, empty);
  return inOrder(diffSchemas(actual, expected).flatMap((one) => mendOf(one, sides).additions));
}

/** Does it as it is planned, without retries; answers what failed. */
export async function apply(session: Session, additions: readonly Addition[]): Promise<string[]> {
  await session.sql("SET search_path = ''; SET check_function_bodies = off");
  const failed: string[] = [];
  for (const { statements, alone } of additions) {
    if (!alone) await session.sql('BEGIN');
    try {
      for (const { sql } of statements) await session.single(sql);
      if (!alone) await session.sql('COMMIT');
    } catch (error) {
      failed.push(`${(error as Error).message} -- ${statements.map(({ sql }) => sql).join('; ')}`);
      if (!alone) await session.sql('ROLLBACK');
    }
  }
  return failed;
}

/** What differs when all is added that can be. */
export async function mended(
  session: Session,
  expected: SchemaSnapshot,
): Promise<{ failed: string[]; left: SchemaDifference[] }> {
  const additions = additionsBetween(await takeSchemaSnapshot(session), expected);
  const failed = await apply(session, additions);
  return { failed, left: diffSchemas(await takeSchemaSnapshot(session), expected) };
}

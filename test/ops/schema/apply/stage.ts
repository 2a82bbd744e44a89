import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../../../../src/db/session.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../../src/ops/engine/plan.ts';
import { schemaFix } from '../../../../src/ops/schema/apply/fix.ts';
import { type SchemaSnapshot, snapshotText } from '../../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';

export { complaints, contextFor, linesOf } from '../../maintain/stage.ts';

export function planFix(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return schemaFix.plan(schemaFix.input.parse(input), context);
}

/** Writes what the session's database is made of now to a file, perhaps changed; answers its path. */
export async function snapshotFile(
  home: string,
  session: Session,
  change: (snapshot: SchemaSnapshot) => SchemaSnapshot = (snapshot) => snapshot,
): Promise<string> {
  const file = join(home, 'schema.json');
  writeFileSync(file, snapshotText(change(await takeSchemaSnapshot(session))));
  return file;
}

/** The rows of a result by its title. */
export function resultOf(events: readonly OpEvent[], title: string): readonly (readonly string[])[] {
  return events.flatMap((event) =>
    event.type === 'result' && event.table.title.startsWith(title) ? event.table.rows : [],
  );
}

/** The first column of a SELECT. */
export async function column(session: Session, sql: string): Promise<string[]> {
  return (await session.sql(sql)).map((row) => String(Object.values(row)[0]));
}

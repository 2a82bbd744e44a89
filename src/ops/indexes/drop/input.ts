import { z } from 'zod';
import { fullName } from '../../../db/ident.ts';
import { indexUnused } from '../../../db/queries/indexes.ts';
import { bytes, count } from '../../../text/units.ts';
import type { Field, FieldChoice, OpContext } from '../../engine/operation.ts';
import { type ReindexIndex, reindexIndexes, reindexTables } from '../../reindex/queries/inventory.ts';

export const dropInput = z.object({
  index: z.array(z.string()).min(1, 'Say which: --index, or the name.'),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
  wait: z.number().min(0, 'expected 0 or more').default(60),
});

export const dropFields: Record<keyof z.output<typeof dropInput>, Field> = {
  index: {
    title: 'Indexes',
    hint: 'this index is dropped, CONCURRENTLY; its definition is kept for an undo',
    placeholder: 'index',
    choices: indexChoices,
    none: () => 'This database has no indexes of its own.',
  },
  lock_timeout: {
    title: 'Lock timeout',
    hint: 'seconds that one attempt waits for whoever uses the table',
    placeholder: 'seconds',
  },
  wait: {
    title: 'Wait for locks',
    hint: 'seconds to keep retrying while others use the table',
    placeholder: 'seconds',
  },
};

/** Indexes whose scans are asked for: the biggest that nobody has used. */
const ASKED = 1000;

/** Invalid ones first, then those that nobody has scanned, then the biggest. */
async function indexChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = new Map((await session.run(reindexTables, undefined)).map((one) => [one.oid, one]));
  const unused = new Map(
    (await session.run(indexUnused, { limit: ASKED })).map((one) => [one.indexrelid, one]),
  );
  const indexes = (await session.run(reindexIndexes, undefined)).filter(
    ({ kind, toast, partition_of, table_oid }) =>
      kind === 'i' && !toast && partition_of === null && tables.get(table_oid)?.system === false,
  );
  const rank = (one: ReindexIndex) => (one.valid ? (unused.has(one.oid) ? 1 : 2) : 0);
  return indexes
    .sort((a, b) => rank(a) - rank(b) || b.est_bytes - a.est_bytes || a.oid - b.oid)
    .map((one) => {
      const table = tables.get(one.table_oid);
      const idle = unused.has(one.oid) ? `${count(0)} scans so far` : undefined;
      const hint = [
        one.valid ? undefined : 'INVALID',
        `~${bytes(one.est_bytes)}`,
        idle,
        table && `on ${fullName(table.schema, table.name)}`,
      ];
      return { value: fullName(one.schema, one.name), hint: hint.filter(Boolean).join(', ') };
    });
}

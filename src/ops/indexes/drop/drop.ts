import { z } from 'zod';
import { fullName } from '../../../db/ident.ts';
import { bytes, count, duration, plural } from '../../../text/units.ts';
import { recoverConcurrently } from '../../concurrently/recover.ts';
import { holdersOf, lockChecks } from '../../database/holders.ts';
import type { Run } from '../../engine/journal/runs.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Plan } from '../../engine/plan.ts';
import { serverChecks } from '../../maintain/checks.ts';
import { shortened } from '../../maintain/shared/shortened.ts';
import { reindexIndexes } from '../../reindex/queries/inventory.ts';
import { resolveRelation } from '../../relations/resolve.ts';
import { indexesErrors } from '../errors.ts';
import { type KeptIndex, keptSchema } from '../kept.ts';
import { type IndexFacts, indexFacts } from '../queries/facts.ts';
import { restoreStep } from '../restore.ts';
import { newShared, ownerChecks } from '../shared.ts';
import { builtChecks, indexChecks, sinceText } from './checks.ts';
import { dropFields, dropInput } from './input.ts';
import { shownIndex } from './obstacle.ts';
import { dropStep } from './step.ts';

export const DROP = 'indexes drop';

/** `pgdeck indexes drop`: indexes go without anybody having to wait, and can be made again as they were. */
export const indexesDrop = defineOperation({
  id: DROP,
  input: dropInput,
  fields: dropFields,
  plan: planDrop,
  undo: undoDrop,
  recover: (run, context) => recoverConcurrently(run, context, 'indexes', DROP),
});

async function planDrop(input: z.output<typeof dropInput>, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const all = await session.run(reindexIndexes, undefined);
  const named = new Set(input.index.map((text) => resolveRelation(all, text, { what: 'index' }).oid));
  const indexes = await session.run(indexFacts, { oids: [...named], tables: [] });
  const patience = { lockTimeout: input.lock_timeout, wait: input.wait };
  const tables = [...new Set(indexes.map(({ table_oid }) => table_oid))];
  const kept: KeptIndex[] = [];
  const work = {
    ...newShared(session.server.database),
    patience,
    keep: (io: Parameters<ReturnType<typeof dropStep>['run']>[0], one: KeptIndex) => {
      kept.push(one);
      io.record({ dropped: kept });
    },
  };
  const [only, ...more] = indexes;
  const subject = only !== undefined && more.length === 0 ? shownIndex(only) : session.server.database;
  const total = indexes.reduce((sum, one) => sum + one.est_bytes, 0);
  return {
    operation: DROP,
    title: `Drop ${more.length === 0 ? subject : plural(indexes.length, 'index')}`,
    subject,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      { label: 'Database', value: context.place },
      {
        label: 'How',
        value: `concurrently: reads and writes continue; each attempt waits ${duration(patience.lockTimeout)}, for up to ${duration(patience.wait)}`,
      },
      { label: 'Frees', value: `~${bytes(total)}` },
    ],
    tables: [tableOf(indexes)],
    checks: [
      ...(await serverChecks(context, session)),
      ...ownerChecks(
        session,
        'drop what is planned',
        indexes.map((one) => ({ ...one, shown: shownIndex(one) })),
      ),
      ...indexChecks(indexes),
      ...(await builtChecks(session, indexes)),
      ...standbyChecks(indexes),
      ...lockChecks(
        await holdersOf(session, tables, 'ShareUpdateExclusiveLock'),
        `It is tried for ${duration(patience.wait)}.`,
      ),
    ],
    steps: indexes.map((one) => dropStep(work, one)),
    consequence: 'Queries that use it are planned without it from then on. It can be made again as it was.',
    undo: 'undo',
    locks: [{ family: DROP, database: session.server.database }],
    reaches: () => 'No rows were changed.',
    leaves: () =>
      'No rows were changed; what was dropped stays dropped, and its definition is in the journal.',
  };
}

/** Scans are counted by each server for itself. */
function standbyChecks(indexes: readonly IndexFacts[]): Plan['checks'] {
  if (indexes.some(({ idx_scan }) => idx_scan > 0)) return [];
  return [
    {
      title: 'Standbys',
      status: 'ok',
      detail:
        'No scan is counted here; a standby counts its own, and loses the index too: look there before.',
    },
  ];
}

function tableOf(indexes: readonly IndexFacts[]) {
  return shortened({
    title: 'Indexes',
    columns: ['index', 'table', 'size', 'scans', 'definition'],
    rows: indexes.map((one) => [
      shownIndex(one),
      fullName(one.table_schema, one.table_name),
      `~${bytes(one.est_bytes)}`,
      `${count(one.idx_scan)}${sinceText(one)}`,
      one.definition ?? 'read when it is dropped: its table is locked',
    ]),
  });
}

const droppedSchema = z.object({ dropped: z.array(keptSchema) });

async function undoDrop(run: Run, context: OpContext): Promise<Plan> {
  const facts = droppedSchema.safeParse(run.facts);
  if (!facts.success) throw indexesErrors.noFacts({ run: run.id });
  const session = await context.session();
  const { dropped } = facts.data;
  const tables = dropped.map(({ table }) => table.oid);
  const there = new Set((await session.run(indexFacts, { oids: [], tables })).map(({ oid }) => oid));
  // a run that was killed may not have come to it
  const gone = dropped.filter(({ oid }) => !there.has(oid));
  if (gone.length === 0) throw indexesErrors.nothingMade({ run: run.id });
  const shared = newShared(session.server.database);
  const [only, ...more] = gone;
  const subject = only !== undefined && more.length === 0 ? shownIndex(only) : session.server.database;
  return {
    operation: DROP,
    title: `Create ${more.length === 0 ? subject : plural(gone.length, 'index')} again`,
    subject,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [{ label: 'Database', value: context.place }],
    checks: await serverChecks(context, session),
    steps: gone.map((one) => restoreStep(shared, one)),
    consequence: 'Reads and writes continue. Waits for every open transaction; a long one holds it up.',
    locks: [{ family: DROP, database: session.server.database }],
    reaches: () => 'No rows were changed; the indexes are there as they were.',
    leaves: () => 'No rows were changed; indexes that were made stay.',
  };
}

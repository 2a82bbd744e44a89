import { fullName, quoteRelation } from '../../../db/ident.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan, Step } from '../../engine/plan.ts';
import { serverChecks } from '../../maintain/checks.ts';
import { withLockRetries } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql, statementPreview } from '../../maintain/shared/statement.ts';
import { dropStep } from '../drop/step.ts';
import { indexesErrors } from '../errors.ts';
import { type IndexFacts, indexFacts } from '../queries/facts.ts';
import { restoreStep } from '../restore.ts';
import { newShared, ownerChecks, type Shared } from '../shared.ts';
import { type Made, madeFacts } from './made.ts';
import { PATIENCE } from './steps.ts';

/** Drops what a run has made, where it is still that: the same oid and definition. */
export async function undoCreate(run: Run, context: OpContext): Promise<Plan> {
  const facts = madeFacts.safeParse(run.facts);
  if (!facts.success) throw indexesErrors.noFacts({ run: run.id });
  const session = await context.session();
  const { made } = facts.data;
  const now = new Map(
    (await session.run(indexFacts, { oids: made.map(({ oid }) => oid), tables: [] })).map((one) => [
      one.oid,
      one,
    ]),
  );
  const [root] = made;
  const parted = root?.partitioned === true;
  const gone = made.filter(({ oid }) => !now.has(oid));
  // of a partitioned one the parts go with it
  const own = made.filter(({ oid, attached }) => now.has(oid) && !attached);
  const dropped = parted && root !== undefined && now.has(root.oid) ? [root] : own;
  if (dropped.length === 0) throw indexesErrors.nothingMade({ run: run.id });
  const attached = made.filter((one) => one.attached && parted);
  const shared = newShared(session.server.database);
  const kept: unknown[] = [];
  const work = {
    ...shared,
    patience: PATIENCE,
    keep: (io: Parameters<Step['run']>[0], one: unknown) => {
      kept.push(one);
      io.record({ dropped: kept });
    },
  };
  const subject = fullName(root?.schema ?? null, root?.name ?? '');
  return {
    operation: run.operation,
    title: `Drop ${subject}, which ${run.id} has made`,
    subject,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [{ label: 'Database', value: context.place }],
    checks: [
      ...(await serverChecks(context, session)),
      ...ownerChecks(
        session,
        'drop it',
        dropped.flatMap(({ oid }) => {
          const one = now.get(oid);
          return one === undefined ? [] : [{ ...one, shown: fullName(one.schema, one.name) }];
        }),
      ),
      ...dropped.flatMap((one) => changedChecks(one, now.get(one.oid))),
      ...gone.map(
        ({ schema, name }): Check => ({
          title: fullName(schema, name),
          status: 'ok',
          detail: 'It is gone by now.',
        }),
      ),
      ...attached.map(
        ({ schema, name }): Check => ({
          title: fullName(schema, name),
          status: 'warn',
          detail: 'It was there before, and cannot be detached: it goes too, and is made again.',
        }),
      ),
    ],
    steps: [
      ...dropped.flatMap((one) => {
        const facts = now.get(one.oid);
        if (facts === undefined) return [];
        return one.partitioned ? [wholeDropStep(shared, facts)] : [dropStep(work, facts)];
      }),
      ...attached.map((one) => restoreStep(shared, one)),
    ],
    consequence: parted
      ? 'Everybody who uses the table waits for a moment. Queries that use the index are planned without it.'
      : 'Queries that use it are planned without it from then on.',
    locks: [{ family: run.operation, database: session.server.database }],
    reaches: () => 'No rows were changed.',
    leaves: () => 'No rows were changed.',
  };
}

function changedChecks(made: Made, now: IndexFacts | undefined): Check[] {
  if (now === undefined) return [];
  const title = fullName(made.schema, made.name);
  if (now.constraint_name !== null)
    return [{ title, status: 'block', detail: `It keeps the constraint ${now.constraint_name} by now.` }];
  if (now.definition === null)
    return [
      {
        title,
        status: 'block',
        detail: 'Its table is locked: whether it is what the run has made cannot be seen.',
      },
    ];
  if (made.definition === '' || now.definition === made.definition) return [];
  return [{ title, status: 'block', detail: `It is not what the run has made any more: ${now.definition}` }];
}

/** CONCURRENTLY there is none for the index of a partitioned table. */
function wholeDropStep({ sessions }: Shared, index: IndexFacts): Step {
  const name = fullName(index.schema, index.name);
  const sql = `DROP INDEX ${quoteRelation(index)}`;
  return {
    id: `drop:${name}`,
    title: `Drop ${name}, with those of the partitions`,
    preview: statementPreview(sql, PATIENCE.lockTimeout),
    effect: 'everybody who uses the table waits for a moment',
    atomic: true,
    run: async (io) => {
      const wanted = {
        name: fullName(index.table_schema, index.table_name),
        oids: [index.table_oid],
        mode: 'AccessExclusiveLock' as const,
      };
      await withLockRetries(
        io,
        { wanted, patience: PATIENCE, look: () => sessions.watcher(io) },
        async () => {
          const { session } = await sessions.worker(io);
          await session.sql(lockTimeoutSql(PATIENCE.lockTimeout));
          await session.sql(sql);
        },
      );
      const [still] = await (await sessions.watcher(io)).run(indexFacts, { oids: [index.oid], tables: [] });
      if (still !== undefined) throw indexesErrors.stillThere({ index: name });
    },
  };
}

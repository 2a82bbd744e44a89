import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { cleanup } from '../../../src/ops/cleanup/operation.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import {
  complaints,
  contextFor,
  countOf,
  linesOf,
  outcomes,
  planCleanup,
  restoreRun,
  rowsOf,
  runCleanup,
} from './stage.ts';

let db: TestDatabase;
let session: Session;
let major: number;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  major = session.server.major;
});
afterAll(() => db.drop());

const input = (table: string, more: Record<string, unknown> = {}) => ({
  ...{ table, column: 'at', older_than: '60d', archive },
  ...more,
});

/** Rows of 120 days in partitions of 30 days, the oldest first: p1 and p2 are old as a whole. */
async function byTime(name: string, { rest = '' }: { rest?: string } = {}): Promise<void> {
  await session.sql(
    `CREATE TABLE ${name} (id int, at timestamptz NOT NULL, t text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)`,
  );
  for (const n of [1, 2, 3, 4])
    await session.sql(
      `DO $$ BEGIN EXECUTE format('CREATE TABLE ${name}_p${n} PARTITION OF ${name} FOR VALUES FROM (%L) TO (%L)', date_trunc('day', now()) - interval '${150 - 30 * n + 5} days', date_trunc('day', now()) - interval '${120 - 30 * n + 5} days'); END $$`,
    );
  if (rest !== '') await session.sql(rest);
  await session.sql(
    `INSERT INTO ${name} SELECT i, date_trunc('day', now()) - i * interval '1 day', 't' || i FROM generate_series(6, 124) i`,
  );
}

test('rows go partition by partition, one by one, and come back', async () => {
  await byTime('plain');
  const before = await rowsOf(session, 'plain');
  const context = here();
  const plan = await planCleanup(context, input('plain'));
  expect(complaints(plan)).toEqual([]);
  expect(plan.tables?.[0]?.rows.map((row) => [row[0], row[3]])).toEqual([
    ['public.plain_p1', 'row by row'],
    ['public.plain_p2', 'row by row'],
    ['public.plain_p3', 'row by row'],
    ['public.plain_p4', 'stays as it is'],
  ]);
  const { end, events } = await runCleanup(context, input('plain'));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(outcomes(events)).toMatchObject([{ kind: 'done', rows: 65, left: 0 }]);
  expect(await countOf(session, 'plain')).toBe(54);
  expect(await countOf(session, 'plain_p1')).toBe(0);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'plain')).toEqual(before);
});

test('whole partitions are dropped where that is wished, after their rows are archived, and made again', async () => {
  await byTime('whole');
  const before = await rowsOf(session, 'whole');
  const context = here();
  const plan = await planCleanup(context, input('whole', { drop_partitions: true }));
  expect(complaints(plan)).toEqual([]);
  expect(plan.steps.map(({ id }) => id)).toEqual([
    ...['drop:public.whole_p1', 'drop:public.whole_p2', 'rows', 'vacuum'],
  ]);
  const detach = `DETACH PARTITION "public"."whole_p1"${major >= 14 ? ' CONCURRENTLY' : ''};`;
  expect(plan.steps[0]?.preview).toContain(detach);
  const { end, events } = await runCleanup(context, input('whole', { drop_partitions: true }));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(outcomes(events).map(({ kind }) => kind)).toEqual(['done', 'done', 'done']);
  expect(await countOf(session, 'whole')).toBe(54);
  expect(await countOf(session, "pg_class WHERE relname IN ('whole_p1', 'whole_p2')")).toBe(0);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'whole')).toEqual(before);
  expect(await countOf(session, 'whole_p1')).toBeGreaterThan(0);
});

test('with a DEFAULT partition none is detached concurrently, and that one stays', async () => {
  await byTime('rest', { rest: 'CREATE TABLE rest_rest PARTITION OF rest DEFAULT' });
  await session.sql("INSERT INTO rest VALUES (1000, '2001-01-01', 'ancient')");
  const before = await rowsOf(session, 'rest');
  const context = here();
  const plan = await planCleanup(context, input('rest', { drop_partitions: true }));
  expect(plan.steps.map(({ id }) => id)).toContain('drop:public.rest_p1');
  expect(plan.steps[0]?.preview).not.toContain('CONCURRENTLY');
  const { end } = await runCleanup(context, input('rest', { drop_partitions: true }));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'rest')).toBe(54);
  expect(await countOf(session, 'rest_rest')).toBe(0);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'rest')).toEqual(before);
});

test('a table that is partitioned by another column has no whole partitions', async () => {
  await session.sql('CREATE TABLE hashed (id int, at timestamptz, t text) PARTITION BY HASH (id)');
  for (const n of [0, 1])
    await session.sql(
      `CREATE TABLE hashed_${n} PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER ${n})`,
    );
  await session.sql(
    "INSERT INTO hashed SELECT i, now() - interval '90 days', 'x' FROM generate_series(1, 100) i",
  );
  const context = here();
  const plan = await planCleanup(context, input('hashed', { drop_partitions: true }));
  expect(complaints(plan).join()).toMatch(
    /warn Drop partitions: No partition of public\.hashed can go as a whole/,
  );
  // places are those of one partition: the same ones in the other are not meant
  await session.sql("UPDATE hashed SET at = now() WHERE tableoid = 'hashed_1'::regclass");
  const { end, events } = await runCleanup(context, input('hashed'));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'hashed_0')).toBe(0);
  expect(await countOf(session, 'hashed_1')).toBe(
    100 - Number(outcomes(events)[0]?.kind === 'done' && (outcomes(events)[0] as { rows?: number }).rows),
  );
});

test('a partition that is read by a view is not dropped, and what cannot be dropped is attached again', async () => {
  await byTime('seen');
  const context = here();
  const plan = await planCleanup(context, input('seen', { drop_partitions: true }));
  await session.sql('CREATE VIEW old_ones AS SELECT * FROM seen_p1');
  expect(complaints(await planCleanup(context, input('seen', { drop_partitions: true }))).join()).toMatch(
    /block Drop partitions: public\.old_ones read from public\.seen_p1 itself/,
  );
  const { carryOut } = await import('../engine/run/stage.ts');
  const { end, events } = await carryOut(plan, context);
  expect(end.ok).toBe(false);
  expect(outcomes(events).map(({ kind }) => kind)).toEqual(['blocked', 'done', 'done']);
  expect(linesOf(events)).toContain('public.seen_p1 is a partition again.');
  expect(await countOf(session, 'seen_p1')).toBeGreaterThan(0);
  expect(await countOf(session, 'seen')).toBe(54 + (await countOf(session, 'seen_p1')));
});

test('rows of partitions of other servers are left alone, and it says so', async () => {
  await byTime('far');
  await session.sql('CREATE EXTENSION postgres_fdw').catch(() => {});
  const known = await session.sql("SELECT FROM pg_extension WHERE extname = 'postgres_fdw'");
  if (known.length === 0) {
    await session.sql('CREATE FOREIGN DATA WRAPPER nobody');
    await session.sql('CREATE SERVER elsewhere FOREIGN DATA WRAPPER nobody');
  } else await session.sql('CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw');
  await session.sql(
    'CREATE FOREIGN TABLE far_away (id int NOT NULL, at timestamptz NOT NULL, t text) SERVER elsewhere',
  );
  await session.sql('ALTER TABLE far DROP CONSTRAINT far_pkey');
  await session.sql(
    "ALTER TABLE far ATTACH PARTITION far_away FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')",
  );
  const context = here();
  const plan = await planCleanup(context, input('far'));
  expect(complaints(plan).join()).toMatch(/warn Partitions: public\.far_away is a foreign table/);
  const { end } = await runCleanup(context, input('far'));
  expect(end, end.text).toMatchObject({ ok: true });
});

test('a partition itself is not what is cleaned up', async () => {
  await byTime('part');
  await expect(planCleanup(here(), input('part_p1'))).rejects.toMatchObject({
    kind: 'refused',
    next: 'Name the table that it is of: --table public.part',
  });
});

test('the planner is told of the table as a whole: nobody else analyzes a partitioned one', async () => {
  await byTime('counted');
  await session.sql('ANALYZE counted');
  const whole = async () => {
    const [row] = await session.sql(
      "SELECT c.reltuples::float8 AS rows, (SELECT most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL FROM pg_stats WHERE tablename = 'counted' AND inherited AND attname = 'at') AS known FROM pg_class c WHERE c.oid = 'counted'::regclass",
    );
    return row;
  };
  expect(await whole()).toEqual({ rows: major >= 14 ? 119 : 0, known: true });
  const bounds =
    "SELECT (histogram_bounds::text::timestamptz[])[1] < now() - interval '60 days' AS old FROM pg_stats WHERE tablename = 'counted' AND inherited AND attname = 'at'";
  expect(await session.sql(bounds)).toEqual([{ old: true }]);
  const plan = await planCleanup(here(), input('counted'));
  const preview = plan.steps.find(({ id }) => id === 'vacuum')?.preview ?? '';
  expect(preview).toContain(`ANALYZE ${major >= 18 ? 'ONLY ' : ''}"public"."counted"`);
  // once: before 18 the partitions are analyzed with it
  expect(preview.includes('VACUUM (ANALYZE)')).toBe(major >= 18);
  const { end } = await runCleanup(here(), input('counted'));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await session.sql(bounds)).toEqual([{ old: false }]);
  const [leaf] = await session.sql(
    "SELECT (histogram_bounds::text::timestamptz[])[1] < now() - interval '60 days' AS old FROM pg_stats WHERE tablename = 'counted_p3' AND attname = 'at'",
  );
  expect(leaf).toEqual({ old: false });
});

test('the column that is likely meant is highlighted: one with an index, else the first', async () => {
  await session.sql('CREATE TABLE timed (id int, made timestamptz, seen timestamptz, day date)');
  const columns = async () => {
    const found = (await cleanup.fields.column?.choices?.(here(), { table: 'timed' })) ?? [];
    return found.filter(({ usual }) => usual === true).map(({ value }) => value);
  };
  expect(await columns()).toEqual(['made']);
  await session.sql('CREATE INDEX ON timed (seen)');
  expect(await columns()).toEqual(['seen']);
});

test('a row of a screen that is a partition stands for its table', async () => {
  await byTime('meant');
  const { meant } = cleanup.fields.table ?? {};
  expect(await meant?.(here(), 'public.meant_p2')).toEqual({
    value: 'public.meant',
    why: 'public.meant_p2 is a partition: this is about public.meant as a whole.',
  });
  expect(await meant?.(here(), 'public.meant')).toBeUndefined();
});

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/client.ts';
import { diffSchemas } from '../../src/ops/schema/diff.ts';
import { pathOf, snapshotText } from '../../src/ops/schema/format.ts';
import { parseSnapshot } from '../../src/ops/schema/read.ts';
import { takeSchemaSnapshot } from '../../src/ops/schema/snapshot.ts';
import { migration, rehearsed, shadowsOf } from '../ops/migrate/rehearse/stage.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { everything } from '../support/fixtures/everything.ts';
import { temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await everything(session);
});
afterAll(() => db.drop());

const attributes = async (path: string) =>
  (await takeSchemaSnapshot(session)).objects.find((object) => pathOf(object) === path)?.attributes;

test('a snapshot is like itself, and like the one that PostgreSQL 15 gives of the same', async () => {
  const here = await takeSchemaSnapshot(session);
  // made by `pgdeck schema snapshot` of the same database on 15; to be made again when everything() has changed
  expect(snapshotText(await takeSchemaSnapshot(session))).toBe(snapshotText(here));
  const file = new URL('everything-15.snapshot', import.meta.url);
  const there = parseSnapshot(readFileSync(file, 'utf8'), 'everything-15.snapshot');
  expect(diffSchemas(there, here)).toEqual([]);
  expect(diffSchemas(here, there)).toEqual([]);
});

test('what only newer versions have is told there', async () => {
  const { major } = session.server;
  await session.sql('CREATE TABLE app.newer (id int PRIMARY KEY, n int NOT NULL, CHECK (n > 0) NOT VALID)');
  if (major >= 14) {
    await session.sql('ALTER TABLE app.newer ADD packed text COMPRESSION pglz');
    expect(await attributes('app.newer.packed')).toMatchObject({ compression: 'pglz' });
    await session.sql(`CREATE FUNCTION app.parsed(n int) RETURNS int BEGIN ATOMIC SELECT n + 1; END`);
    expect((await attributes('app.parsed(integer)'))?.definition).toContain('BEGIN ATOMIC');
  }
  if (major >= 15) {
    await session.sql('CREATE PUBLICATION chosen FOR TABLE app.newer (id) WHERE (id > 5)');
    expect(await attributes('chosen')).toMatchObject({ tables: ['app.newer (id) WHERE (id > 5)'] });
    await session.sql('CREATE PUBLICATION whole FOR TABLES IN SCHEMA public');
    expect(await attributes('whole')).toMatchObject({ schemas: ['public'] });
    await session.sql('ALTER TABLE app.newer ADD UNIQUE NULLS NOT DISTINCT (n)');
    expect(await attributes('app.newer.newer_n_key')).toEqual({
      definition: 'UNIQUE NULLS NOT DISTINCT (n)',
    });
  }
  if (major >= 18) {
    await session.sql(`ALTER TABLE app.newer ADD twice int GENERATED ALWAYS AS (n * 2) VIRTUAL,
      ADD thrice int GENERATED ALWAYS AS (n * 3) STORED, ADD CONSTRAINT hoped CHECK (n < 9) NOT ENFORCED,
      ADD m int, ADD CONSTRAINT has_m NOT NULL m NOT VALID`);
    expect(await attributes('app.newer.twice')).toMatchObject({ generated: '(n * 2) VIRTUAL' });
    expect(await attributes('app.newer.thrice')).toMatchObject({ generated: '(n * 3) STORED' });
    expect(await attributes('app.newer.hoped')).toEqual({ definition: 'CHECK ((n < 9)) NOT ENFORCED' });
    expect(await attributes('app.newer.m')).toMatchObject({ not_null_constraint: 'has_m NOT VALID' });
    // the name that it gets by itself is not told
    expect((await attributes('app.newer.n'))?.not_null_constraint).toBeUndefined();
  }
  expect(diffSchemas(await takeSchemaSnapshot(session), await takeSchemaSnapshot(session))).toEqual([]);
});

test('a rehearsal names what a way down forgets', async () => {
  const { result, end } = await rehearsed(
    db,
    home,
    {
      applied: [
        migration('1', [
          'CREATE TABLE public.t (id int PRIMARY KEY, a int DEFAULT 5); CREATE INDEX t_a ON public.t (a)',
        ]),
      ],
      pending: [
        migration('2', ['ALTER TABLE public.t ADD b int'], ['SELECT 1']),
        migration('3', ['DROP INDEX CONCURRENTLY public.t_a'], ['SELECT 1']),
        migration('4', ['ALTER TABLE public.t DROP a'], ['ALTER TABLE public.t ADD a int']),
        migration(
          '5',
          ['CREATE INDEX CONCURRENTLY t_b ON public.t (b)'],
          ['DROP INDEX CONCURRENTLY public.t_b'],
        ),
      ],
    },
    { programs: '/nowhere' },
  );
  expect(end.text).toBe('Work: done.');
  expect(result?.migrations.map(({ message }) => message)).toEqual([
    'Its way down forgets something. It leaves the column public.t.b (integer).',
    'Its way down forgets something. It does not bring back the index public.t.t_a (CREATE INDEX t_a ON public.t USING btree (a)).',
    'Its way down forgets something. It does not bring back the default of the column public.t.a: 5.',
    '',
  ]);
  expect(await shadowsOf(db)).toEqual([]);
});

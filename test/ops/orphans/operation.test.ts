import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import {
  archivesIn,
  broken,
  complaints,
  contextFor,
  planOrphans,
  rowsOf,
  runOrphans,
  stateOf,
  undoRun,
} from './stage.ts';

let db: TestDatabase;
let session: Session;
let major: number;
const home = temporaryDirectory();
const here = (role?: string) => contextFor(db.target(role), home);
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  major = session.server.major;
});
afterAll(() => db.drop());

test('orphans are archived and deleted, the key becomes valid, and undo puts all of it back', async () => {
  await broken(session, 'plain');
  await session.sql("COMMENT ON CONSTRAINT plain_fk ON plain IS 'it''s ours'");
  const before = await rowsOf(session, 'plain');
  const context = here();
  const plan = await planOrphans(context, { table: 'plain', action: 'delete', archive });
  expect(complaints(plan)).toEqual([]);
  expect(plan).toMatchObject({ subject: 'public.plain', danger: 'type-name', writes: true });
  expect(plan.steps.map(({ id }) => id)).toEqual(['rows', 'validate']);
  expect(plan.facts.find(({ label }) => label === 'Orphans')?.value).toBe('40 of public.plain');
  const { end } = await runOrphans(context, { table: 'plain', action: 'delete', archive });
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(await stateOf(session, 'plain_fk')).toBe('valid');
  expect(await rowsOf(session, 'plain')).toHaveLength(60);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'plain')).toEqual(before);
  expect(await stateOf(session, 'plain_fk')).toBe('not valid');
  const [row] = await session.sql(
    "SELECT obj_description(oid, 'pg_constraint') AS comment FROM pg_constraint WHERE conname = 'plain_fk'",
  );
  expect(row?.comment).toBe("it's ours");
  await expect(undo.plan({ run: end.run }, context)).rejects.toThrow(/was undone already/);
});

test('a missing key is added first, so that no others come, and is gone after undo', async () => {
  await broken(session, 'missing', { valid: true });
  const before = await rowsOf(session, 'missing');
  const context = here();
  const input = {
    table: 'missing',
    columns: 'parent',
    references: 'missing_parent',
    action: 'delete',
    archive,
  };
  const plan = await planOrphans(context, { ...input, on_delete: 'cascade' });
  expect(plan.steps.map(({ id }) => id)).toEqual(['add', 'rows', 'validate']);
  expect(plan.steps[0]?.preview).toContain(
    'ADD CONSTRAINT "missing_parent_fkey" FOREIGN KEY ("parent") REFERENCES "public"."missing_parent"("id") ON DELETE CASCADE NOT VALID',
  );
  const { end } = await runOrphans(context, { ...input, on_delete: 'cascade' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await stateOf(session, 'missing_parent_fkey')).toBe('valid');
  const again = await planOrphans(context, input);
  expect(again.steps).toEqual([]);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect([await rowsOf(session, 'missing'), await stateOf(session, 'missing_parent_fkey')]).toEqual([
    before,
    'missing',
  ]);
});

test('set null keeps the rows; undo gives values back where they are still NULL', async () => {
  await broken(session, 'nulled');
  const context = here();
  const before = await rowsOf(session, 'nulled');
  const { end } = await runOrphans(context, { key: 'nulled_fk', action: 'set-null', archive });
  expect(end, end.text).toMatchObject({ ok: true });
  const [row] = await session.sql('SELECT count(*)::int AS n FROM nulled WHERE parent IS NULL');
  expect(row?.n).toBe(40);
  await session.sql('UPDATE nulled SET parent = 2 WHERE id = 1');
  await session.sql('DELETE FROM nulled WHERE id = 2');
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(back.end.text + JSON.stringify(back.events)).toMatch(/2 rows of 000001.csv.gz are not put back/);
  const after = await rowsOf(session, 'nulled');
  expect(after.filter((one) => before.includes(one))).toHaveLength(98);
  expect(after).toContain('(1,2,t1)');
});

test('nothing to remove: the key is validated after an ordinary yes', async () => {
  await broken(session, 'clean', { lost: 0 });
  const context = here();
  const plan = await planOrphans(context, { table: 'clean', action: 'delete' });
  expect(plan).toMatchObject({ danger: 'confirm', title: 'Validate clean_fk of public.clean' });
  expect(plan.steps.map(({ id }) => id)).toEqual(['validate']);
  const { end } = await runOrphans(context, { table: 'clean', action: 'delete' });
  expect(end.ok).toBe(true);
  expect(await stateOf(session, 'clean_fk')).toBe('valid');
  expect((await undoRun(context, end.run)).end.ok).toBe(true);
  expect(await stateOf(session, 'clean_fk')).toBe('not valid');
});

test('keep counts only, and fails where rows are left', async () => {
  await broken(session, 'kept', { lost: 3 });
  const context = here();
  const plan = await planOrphans(context, { table: 'kept' });
  expect(plan).toMatchObject({ danger: 'none', writes: false });
  const { end, events } = await runOrphans(context, { table: 'kept' });
  expect(end).toMatchObject({ ok: false, undo: null });
  expect(end.text).toMatch(/3 rows of public.kept refer to a row that is not there/);
  expect(events.find((event) => event.type === 'result')).toMatchObject({
    table: { rows: [['public.kept', 'kept_fk', '3']] },
  });
});

/** Types whose text is easy to get wrong. */
const VALUES = `('a', NULL, '', E'line\\n\\\\.\\nend\\r\\n"q",x', '\\xdeadbeef00', 1.1::float8, 'NaN', '-infinity', '2024-02-29 23:59:59.123456+14',
  '1 mon -2 days 03:04:05.678', '{"a": [1, "é\\u0001"]}', ARRAY[['a,b', NULL], ['"', '{}']], ROW(1, 'x "y", z')::odd_pair, '[1,5)', 'two', '12.345', 'x', B'101', 1234.5::numeric(10,2)),
 (E'\\\\.', '\\N', NULL, NULL, '\\x', 0.1::float8 + 0.2, 'Infinity', 'infinity', '0044-03-15 BC', NULL, 'null', '{}', NULL, 'empty', 'o''ne', NULL, NULL, B'', NULL)`;

test('every value comes back as it was: types, NULL and empty, odd text, identity and generated columns', async () => {
  await session.sql("CREATE TYPE odd_pair AS (n int, t text); CREATE TYPE odd_enum AS ENUM ('o''ne', 'two')");
  await session.sql('CREATE DOMAIN odd_domain AS text CHECK (length(value) < 5)');
  await session.sql(
    `CREATE TABLE odd (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p int, a text, b text, c text, d text, e bytea, f float8, g float4, h date, i timestamptz,
      j interval, k jsonb, l text[], m odd_pair, n int4range, o odd_enum, q money, r odd_domain, s varbit, u numeric(10,2), gen int GENERATED ALWAYS AS (p * 2) STORED)`,
  );
  await session.sql('CREATE TABLE odd_parent (id int PRIMARY KEY)');
  await session.sql(
    `INSERT INTO odd (p, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, q, r, s, u)
     SELECT 7, v.a, v.b, v.c, v.d, v.e::bytea, v.f, v.g::float4, v.h::date, v.i::timestamptz, v.j::interval, replace(v.k, '\\u0001', '')::jsonb, v.l::text[], v.m::odd_pair, v.n::int4range, v.o::odd_enum,
       v.q::money, v.r::odd_domain, v.s::varbit, v.u::numeric FROM (VALUES ${VALUES}) v (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, q, r, s, u)`,
  );
  await session.sql(
    "INSERT INTO odd (p, a) SELECT 8, repeat('long ' || i || E'\\n', 50000) FROM generate_series(1, 3) i",
  );
  const before = await rowsOf(session, 'odd');
  const context = here();
  const { end } = await runOrphans(context, {
    ...{ table: 'odd', columns: 'p', references: 'odd_parent(id)', action: 'delete', archive },
  });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'odd')).toEqual([]);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'odd')).toEqual(before);
});

test('names with capitals, quotes, dots, blanks and other letters', async () => {
  await session.sql(
    'CREATE SCHEMA "店 A."; CREATE TABLE "店 A."."P (1)" ("K ""x""" text, "b.c" int, PRIMARY KEY ("b.c", "K ""x"""))',
  );
  await session.sql(`CREATE TABLE "店 A."."T.t" ("select" text, "Ü,2" int, "v 0" text)`);
  await session.sql(`INSERT INTO "店 A."."T.t" VALUES ('a', 1, 'x'), ('b', 2, 'y'), (NULL, 2, 'z')`);
  await session.sql(`INSERT INTO "店 A."."P (1)" VALUES ('a', 1)`);
  const context = here();
  const before = await rowsOf(session, '"店 A."."T.t"');
  const { end } = await runOrphans(context, {
    table: '"店 A."."T.t"',
    columns: 'select,"Ü,2"',
    references: '"店 A."."P (1)"("K ""x""","b.c")',
    name: 'a "key".x',
    action: 'delete',
    archive,
  });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, '"店 A."."T.t"')).toHaveLength(2);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, '"店 A."."T.t"')).toEqual(before);
});

test('MATCH FULL: a row with only some of its columns is an orphan, too', async () => {
  await session.sql(
    'CREATE TABLE full_parent (a int, b int, PRIMARY KEY (a, b)); INSERT INTO full_parent VALUES (1, 1)',
  );
  await session.sql('CREATE TABLE full_t (id int PRIMARY KEY, a int, b int)');
  await session.sql('INSERT INTO full_t VALUES (1, 1, 1), (2, 1, NULL), (3, NULL, NULL), (4, 2, 2)');
  const input = { table: 'full_t', columns: 'a, b', references: 'full_parent' };
  const simple = await planOrphans(here(), input);
  expect(simple.facts.find(({ label }) => label === 'Orphans')?.value).toBe('1 of public.full_t');
  const context = here();
  const { end } = await runOrphans(context, { ...input, match: 'full', action: 'set-null', archive });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'full_t')).toEqual(['(1,1,1)', '(2,,)', '(3,,)', '(4,,)']);
  expect((await undoRun(context, end.run)).end.ok).toBe(true);
  expect(await rowsOf(session, 'full_t')).toEqual(['(1,1,1)', '(2,1,)', '(3,,)', '(4,2,2)']);
});

test('partitions on both sides, of which rows are taken one by one', async () => {
  await session.sql('CREATE TABLE pp (id int PRIMARY KEY) PARTITION BY RANGE (id)');
  await session.sql(
    'CREATE TABLE pp_1 PARTITION OF pp FOR VALUES FROM (0) TO (100); INSERT INTO pp VALUES (1), (2)',
  );
  await session.sql('CREATE TABLE pt (id int, parent int, PRIMARY KEY (id)) PARTITION BY RANGE (id)');
  for (const n of [0, 1])
    await session.sql(`CREATE TABLE pt_${n} PARTITION OF pt FOR VALUES FROM (${n * 10}) TO (${n * 10 + 10})`);
  await session.sql('INSERT INTO pt SELECT i, i % 4 FROM generate_series(0, 19) i');
  const before = await rowsOf(session, 'pt');
  const context = here();
  const input = { table: 'pt', columns: 'parent', references: 'pp', action: 'delete', archive };
  const plan = await planOrphans(context, input);
  expect(plan.steps.map(({ id }) => id)).toEqual(
    major >= 18 ? ['add', 'rows', 'validate'] : ['rows', 'validate'],
  );
  if (major < 18) expect(plan.steps[1]?.effect).toMatch(/writers to .* wait until all rows are checked/);
  const { end } = await runOrphans(context, input);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await stateOf(session, 'pt_parent_fkey')).toBe('valid');
  expect(await rowsOf(session, 'pt')).toHaveLength(10);
  const [directory = ''] = archivesIn(archive).filter((name) => name.includes(end.run));
  const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
  expect(
    manifest.parts.map(({ relation, rows }: { relation: string; rows: number }) => [relation, rows]),
  ).toEqual([
    ['public.pt_0', 5],
    ['public.pt_1', 5],
  ]);
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'pt')).toEqual(before);
  await expect(planOrphans(context, { ...input, table: 'pt_0' })).rejects.toThrow(/is a partition/);
});

test('rows whose keys others have by now stay in the archive, and are named', async () => {
  await broken(session, 'taken');
  const context = here();
  const { end } = await runOrphans(context, { table: 'taken', action: 'delete', archive });
  await session.sql("INSERT INTO taken VALUES (5, 1, 'new')");
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(back.end.state).toMatch(/39 rows of public.taken are back\. 1 row stays in the archive/);
  expect(JSON.stringify(back.events)).toMatch(
    /1 row of 000001.csv.gz is not put back, since rows with the same key are there \(id: \(5\)\)/,
  );
  expect(await rowsOf(session, 'taken')).toContain('(5,1,new)');
});

test('an archive of which one byte is another is not put back', async () => {
  await broken(session, 'altered');
  const context = here();
  const { end } = await runOrphans(context, { table: 'altered', action: 'delete', archive });
  const [directory = ''] = archivesIn(archive).filter((name) => name.includes(end.run));
  expect(readdirSync(directory).sort()).toEqual(['000001.csv.gz', 'manifest.json']);
  const part = join(directory, '000001.csv.gz');
  const whole = readFileSync(part);
  const bad = Buffer.from(whole);
  bad[20] = (bad[20] ?? 0) ^ 1;
  writeFileSync(part, bad);
  await expect(undo.plan({ run: end.run }, context)).rejects.toThrow(/its checksum differs/);
  writeFileSync(part, whole);
  appendFileSync(part, 'x');
  await expect(undo.plan({ run: end.run }, context)).rejects.toThrow(/bytes instead of/);
  writeFileSync(part, whole);
  const manifest = join(directory, 'manifest.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace('"rows": 40', '"rows": 39'));
  await expect(undo.plan({ run: end.run }, context)).rejects.toThrow(/rows do not add up/);
  writeFileSync(manifest, '{');
  await expect(undo.plan({ run: end.run }, context)).rejects.toThrow(/no manifest/);
  writeFileSync(manifest, text);
  expect(await rowsOf(session, 'altered')).toHaveLength(60);
  expect((await undoRun(context, end.run)).end.ok).toBe(true);
});

test('a deferrable unique key, which ON CONFLICT refuses, does not keep rows from coming back', async () => {
  await broken(session, 'late', { lost: 3 });
  await session.sql('ALTER TABLE late ADD COLUMN pos int; UPDATE late SET pos = id');
  await session.sql('ALTER TABLE late ADD CONSTRAINT late_pos UNIQUE (pos) DEFERRABLE INITIALLY DEFERRED');
  const before = await rowsOf(session, 'late');
  const context = here();
  const { end } = await runOrphans(context, { table: 'late', action: 'delete', archive });
  expect(end, end.text).toMatchObject({ ok: true });
  await session.sql('INSERT INTO late VALUES (900, 1, NULL, 2), (3, 1, NULL, 903)');
  const back = await undoRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(back.end.state).toMatch(/^1 row of public.late is back. 2 rows stay in the archive/);
  const now = await rowsOf(session, 'late');
  expect(now.filter((row) => before.includes(row))).toHaveLength(98);
});

test('what came after the run and would refuse the rows is seen before the key is dropped', async () => {
  await broken(session, 'grown', { lost: 3 });
  const role = await db.roleWith('superuser');
  const { end } = await runOrphans(here(role), { table: 'grown', action: 'delete', archive });
  expect(end, end.text).toMatchObject({ ok: true });
  await session.sql(
    "ALTER TABLE grown ADD COLUMN given int NOT NULL DEFAULT 1, ADD COLUMN must text NOT NULL DEFAULT 'x'",
  );
  await session.sql('ALTER TABLE grown ALTER COLUMN must DROP DEFAULT');
  const planned = async () => complaints(await undo.plan({ run: end.run }, here(role)));
  expect(await planned()).toEqual([
    'block Columns: must came after the run, NOT NULL and without a default: the rows have no value for it. Give it a default, or drop the NOT NULL, for the time of the undo.',
  ]);
  await session.sql('ALTER TABLE grown ALTER COLUMN must DROP NOT NULL');
  await session.sql(
    `ALTER ROLE ${role} NOSUPERUSER; ALTER TABLE grown OWNER TO ${role}; GRANT ALL ON grown_parent TO ${role}`,
  );
  await session.sql(`REVOKE TEMPORARY ON DATABASE ${db.database} FROM PUBLIC`);
  expect(await planned()).toEqual([
    expect.stringMatching(
      /^block Rights: \S+ may not create temporary tables, .*: GRANT TEMPORARY ON DATABASE/,
    ),
  ]);
  await session.sql(`GRANT TEMPORARY ON DATABASE ${db.database} TO PUBLIC`);
  expect(await planned()).toEqual([]);
});

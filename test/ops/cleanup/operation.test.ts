import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { rowsText, taskChecks } from '../../../src/ops/cleanup/checks.ts';
import { cleanupInput } from '../../../src/ops/cleanup/input.ts';
import { lookAt } from '../../../src/ops/cleanup/look.ts';
import { type Task, tasksOf } from '../../../src/ops/cleanup/task.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import {
  aged,
  complaints,
  contextFor,
  countOf,
  factOf,
  outcomes,
  planCleanup,
  restoreRun,
  rowsOf,
  runCleanup,
} from './stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = (role?: string) => contextFor(db.target(role), home);
const archive = join(home, 'archive');

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
});
afterAll(() => db.drop());

const old = (table: string, more: Record<string, unknown> = {}) => ({
  ...{ table, column: 'at', older_than: '100d', archive },
  ...more,
});

test('old rows are counted, archived and deleted, and come back with the checksum that they had', async () => {
  await aged(session, 'ev');
  const before = await rowsOf(session, 'ev');
  const context = here();
  const plan = await planCleanup(context, old('ev'));
  expect(complaints(plan)).toEqual([]);
  expect(plan).toMatchObject({ subject: 'public.ev', danger: 'type-name', writes: true });
  expect(plan.steps.map(({ id }) => id)).toEqual(['rows', 'vacuum']);
  expect(factOf(plan, 'Rows')).toMatch(/^101 to delete/);
  expect(factOf(plan, 'Older than')).toMatch(/^100d: at before \d{4}-\d\d-\d\d [\d:]+\+00, reckoned in /);
  expect(await countOf(session, 'ev')).toBe(200);
  const { end, events } = await runCleanup(context, old('ev'));
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(outcomes(events)).toMatchObject([{ kind: 'done', table: 'public.ev', rows: 101, left: 0 }]);
  expect(await countOf(session, 'ev')).toBe(99);
  const [directory = ''] = readdirSync(archive);
  const manifest = JSON.parse(readFileSync(join(archive, directory, 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ rows: 101, table: { name: 'ev' }, what: 'deleted' });
  expect(manifest.parts[0].digest).toMatch(/^\d+$/);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'ev')).toEqual(before);
  await expect(restoreRun(context, end.run)).rejects.toThrow(/was undone already/);
  expect((await planCleanup(context, old('ev', { older_than: '1y' }))).steps).toEqual([]);
});

test('without an archive it says that only a backup has what is deleted, and which', async () => {
  await aged(session, 'bare');
  const context = here();
  const plan = await planCleanup(context, old('bare', { archive: undefined }));
  expect(factOf(plan, 'Archive')).toBe('none: what is deleted can only come from a backup');
  expect(factOf(plan, 'Latest backup')).toMatch(/^none of test_/);
  expect(plan).toMatchObject({ danger: 'type-name' });
  expect(plan.undo).toBeUndefined();
  expect(plan.consequence).toContain('can only come from a backup');
  const { end, events } = await runCleanup(context, old('bare', { archive: undefined }));
  expect(end, end.text).toMatchObject({ ok: true, undo: null });
  expect(outcomes(events)).toMatchObject([{ kind: 'done', rows: 101, archive: null }]);
  await expect(restoreRun(context, end.run)).rejects.toThrow(/has no archive/);
});

test('NULL and infinite times stay, and odd names, generated and identity columns come back', async () => {
  const name = '"odd ""T"".é"';
  await session.sql('CREATE SCHEMA "My S"');
  await session.sql(
    `CREATE TABLE "My S".${name} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "a ""t"" " timestamp, f float8, j jsonb, b bytea, g int GENERATED ALWAYS AS (id * 2) STORED, "drop" int)`,
  );
  await session.sql(`ALTER TABLE "My S".${name} DROP COLUMN "drop"`);
  await session.sql(
    `INSERT INTO "My S".${name} ("a ""t"" ", f, j, b) VALUES ('2001-01-01', 0.1, '{"a": "\\n,\\""}', '\\x00ff'), (NULL, 1, NULL, NULL), ('-infinity', 2, NULL, NULL), ('infinity', 3, NULL, NULL), (now(), 4, NULL, NULL), ('2002-01-01', 'NaN', '"x"', NULL)`,
  );
  const table = `"My S".${name}`;
  const before = await rowsOf(session, table);
  const context = here();
  const input = { table, column: 'a "t" ', older_than: '1y', archive };
  const plan = await planCleanup(context, input);
  expect(plan.subject).toBe(table);
  expect(factOf(plan, 'Rows')).toMatch(/^2 to delete/);
  expect(factOf(plan, 'Without a time')).toContain('1 row with NULL');
  expect(factOf(plan, 'Older than')).toMatch(/has no time zone, and is taken for /);
  const { end } = await runCleanup(context, input);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await countOf(session, table)).toBe(4);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, table)).toEqual(before);
});

test('a day is old when it is before that of the cutoff, and months are those of the calendar', async () => {
  await session.sql("CREATE DOMAIN born AS date CHECK (value > '1900-01-01')");
  await session.sql('CREATE TABLE days (id int PRIMARY KEY, at born)');
  await session.sql(
    "INSERT INTO days SELECT i, ((now() AT TIME ZONE current_setting('TimeZone'))::date - interval '1 month')::date + i FROM generate_series(-2, 2) i",
  );
  const context = here();
  const plan = await planCleanup(context, old('days', { older_than: '1mo' }));
  expect(factOf(plan, 'Rows')).toMatch(/^2 to delete/);
  expect(factOf(plan, 'Older than')).toContain('that day itself is not old enough');
  const { end } = await runCleanup(context, old('days', { older_than: '1mo' }));
  expect(end, end.text).toMatchObject({ ok: true });
  expect((await session.sql('SELECT array_agg(id ORDER BY id)::text AS ids FROM days'))[0]?.ids).toBe(
    '{0,1,2}',
  );
});

test.each([
  [{ table: 'nowhere' }, /There is no table nowhere/],
  [
    { column: 'missing' },
    /public\.bad has no column missing\. Its columns that are a time, for --column: at\./,
  ],
  [{ column: 't' }, /t of public\.bad is no time: it is text/],
  [{ older_than: '99999y' }, /99999y ago is before all times/],
  [{ table: undefined, column: undefined, older_than: undefined, rules: true }, /no profile's/],
  [{ table: undefined, column: undefined, older_than: undefined, resume: '20200101-abcdef' }, /no run/],
])('what cannot be planned is refused: %j', async (more, said) => {
  await session.sql('CREATE TABLE IF NOT EXISTS bad (id int, at timestamptz, t text)');
  const error = await planCleanup(here(), old('bad', more)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: 'refused' });
  expect(`${(error as Error).message} ${(error as { next?: string }).next}`).toMatch(said);
});

test('what it takes to delete is looked at before: rights, row security, rules', async () => {
  await aged(session, 'guarded');
  const role = await db.roleWith();
  await session.sql(`GRANT SELECT ON guarded TO ${role}`);
  const plan = await planCleanup(here(role), old('guarded'));
  expect(complaints(plan).join()).toMatch(/block Rights: .* lacks DELETE on public\.guarded; UPDATE/);
  // who may delete may not lock yet, and the GRANT that is told is all that lacks
  await session.sql(`GRANT DELETE ON guarded TO ${role}`);
  const [lacks] = complaints(await planCleanup(here(role), old('guarded')));
  expect(lacks).toMatch(
    /lacks UPDATE \(to lock the rows first\) on public\.guarded\. Connect as the owner, or: /,
  );
  const grant = /GRANT .*$/.exec(lacks ?? '')?.[0] ?? '';
  expect(grant).toBe(`GRANT UPDATE ON "public"."guarded" TO "${role}"`);
  await session.sql(grant);
  expect(complaints(await planCleanup(here(role), old('guarded'))).join()).toMatch(/^warn Vacuum: /);
  const done = await runCleanup(here(role), old('guarded', { older_than: '190d' }));
  expect(done.end, done.end.text).toMatchObject({ ok: true });
  await session.sql('ALTER TABLE guarded ENABLE ROW LEVEL SECURITY');
  await session.sql(`CREATE POLICY partly ON guarded TO ${role} USING (id < 150)`);
  expect(complaints(await planCleanup(here(role), old('guarded'))).join()).toMatch(/block Row security: /);
  await session.sql('ALTER TABLE guarded DISABLE ROW LEVEL SECURITY');
  await session.sql('CREATE RULE keep AS ON DELETE TO guarded DO INSTEAD NOTHING');
  expect(complaints(await planCleanup(here(), old('guarded'))).join()).toMatch(/block Rules: /);
});

test('the statement_timeout of the role does not stop it', async () => {
  await aged(session, 'timed', { rows: 3000 });
  const role = await db.roleWith();
  await session.sql(`ALTER TABLE timed OWNER TO ${role}`);
  await session.sql(`ALTER ROLE ${role} SET statement_timeout = '1ms'`);
  await session.sql(`ALTER ROLE ${role} SET TimeZone = 'Asia/Tokyo'`);
  await session.sql(`ALTER ROLE ${role} SET search_path = 'nowhere'`);
  const { end } = await runCleanup(here(role), old('timed'));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'timed')).toBe(99);
});

test('a trigger that keeps the rows blocks it: nothing is deleted, and it ends', async () => {
  await aged(session, 'kept');
  await session.sql(
    'CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id % 7 = 0 THEN RETURN NULL; END IF; RETURN OLD; END $$',
  );
  await session.sql('CREATE TRIGGER keep BEFORE DELETE ON kept FOR EACH ROW EXECUTE FUNCTION no()');
  const context = here();
  expect(complaints(await planCleanup(context, old('kept'))).join()).toMatch(/warn Triggers: .*keep/);
  const { end, events } = await runCleanup(context, old('kept'));
  expect(end).toMatchObject({ ok: false, undo: null });
  expect(outcomes(events)).toMatchObject([{ kind: 'blocked', rows: 0 }]);
  expect(end.text).toMatch(/a trigger has suppressed the change/);
  expect(await countOf(session, 'kept')).toBe(200);
});

test('rows that others refer to block it, and are left out if that is wished', async () => {
  await aged(session, 'parent');
  await session.sql(
    'CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, x text)',
  );
  await session.sql('CREATE TABLE grandchild (child int REFERENCES child ON DELETE RESTRICT)');
  await session.sql('CREATE TABLE nulled (parent int REFERENCES parent ON DELETE SET NULL)');
  await session.sql('CREATE INDEX ON nulled (parent)');
  await session.sql('INSERT INTO child SELECT i, i FROM generate_series(101, 110) i');
  await session.sql('INSERT INTO grandchild VALUES (101)');
  await session.sql('INSERT INTO nulled VALUES (111), (NULL), (1)');
  const context = here();
  const plan = await planCleanup(context, old('parent'));
  const said = complaints(plan).join('\n');
  expect(said).toMatch(/warn Index: No index of public\.child begins with parent/);
  expect(said).toMatch(/block Rows that refer to these: 10 rows of public\.child .*\(CASCADE\)/);
  expect(said).toMatch(/block Rows that refer to these: 1 row of public\.nulled .*\(SET NULL\)/);
  expect(plan.tables?.[0]?.rows).toEqual([
    ['public.child', 'child_parent_fkey', 'public.parent', 'CASCADE', '10', 'MISSING'],
    ['  public.grandchild', 'grandchild_child_fkey', 'public.child', 'RESTRICT', '1', 'MISSING'],
    ['public.nulled', 'nulled_parent_fkey', 'public.parent', 'SET NULL', '1', 'yes'],
  ]);
  const input = old('parent', { skip_referenced: true });
  expect(complaints(await planCleanup(context, input)).join()).not.toContain('block');
  const { end, events } = await runCleanup(context, input);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(outcomes(events)).toMatchObject([{ kind: 'done', rows: 90, left: 11 }]);
  expect(await countOf(session, 'child')).toBe(10);
  expect(await countOf(session, 'nulled WHERE parent IS NULL')).toBe(1);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'parent')).toBe(200);
});

test('a row that refers to another one goes before it, and comes back after it', async () => {
  await aged(session, 'tree', { more: ', up int REFERENCES tree ON DELETE CASCADE' });
  // a chain through the old ones, one that refers to itself, and a young one that keeps its ancestors
  await session.sql('UPDATE tree SET up = id + 1 WHERE id BETWEEN 101 AND 115');
  await session.sql('UPDATE tree SET up = id WHERE id = 120');
  const context = here();
  const before = await rowsOf(session, 'tree');
  expect(complaints(await planCleanup(context, old('tree'))).join()).not.toContain('block');
  await session.sql('UPDATE tree SET up = 130 WHERE id = 5');
  expect(complaints(await planCleanup(context, old('tree'))).join()).toMatch(
    /block .* 1 row of public\.tree that are not old enough themselves refers/,
  );
  await session.sql('UPDATE tree SET up = NULL WHERE id = 5');
  const { end } = await runCleanup(context, old('tree'));
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'tree')).toBe(99);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'tree')).toEqual(before);
});

test('what refers to a row meanwhile blocks the rest, and nothing of it is lost', async () => {
  await aged(session, 'late');
  await session.sql('CREATE TABLE later (late int REFERENCES late ON DELETE CASCADE)');
  const context = here();
  const plan = await planCleanup(context, old('late'));
  await session.sql('INSERT INTO later VALUES (150)');
  const { end, events } = await carryOut(plan, context);
  expect(end).toMatchObject({ ok: false, undo: `pgdeck undo ${end.run}` });
  expect(outcomes(events)).toMatchObject([{ kind: 'blocked', rows: 100, left: 1 }]);
  expect(await countOf(session, 'later')).toBe(1);
  expect(await countOf(session, 'late')).toBe(100);
});

test('rows that others have locked are waited for, and no longer than is said: contended, and gone on with', async () => {
  await aged(session, 'held');
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('UPDATE held SET t = t WHERE id = 200');
  const context = here();
  const { end, events } = await runCleanup(context, old('held', { wait: 1 }));
  expect(end).toMatchObject({ ok: false, undo: `pgdeck undo ${end.run}` });
  expect(outcomes(events)).toMatchObject([{ kind: 'contended', rows: 100 }]);
  await holder.sql('COMMIT');
  const again = await runCleanup(context, { resume: end.run });
  expect(again.end, again.end.text).toMatchObject({ ok: true });
  expect(outcomes(again.events)).toMatchObject([{ kind: 'done', rows: 1, left: 0 }]);
  await expect(planCleanup(context, { resume: end.run })).rejects.toThrow(/was gone on with by/);
  await expect(planCleanup(context, { resume: again.end.run })).rejects.toThrow(/nothing to go on with/);
  await expect(restoreRun(context, end.run)).rejects.toThrow(/was gone on with by/);
  // the archive is one for both
  const back = await restoreRun(context, again.end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await countOf(session, 'held')).toBe(200);
});

test('a table that somebody has locked is contended, and says by whom', async () => {
  await aged(session, 'shut');
  const context = here();
  const plan = await planCleanup(context, old('shut', { wait: 0 }));
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE shut IN ACCESS EXCLUSIVE MODE');
  const { end, events } = await carryOut(plan, context);
  expect(outcomes(events)).toMatchObject([{ kind: 'contended', rows: 0 }]);
  expect(end.text).toMatch(/locked by session \d+ \(postgres, holder/);
  await holder.sql('ROLLBACK');
});

test('what is in the way of rows that come back stays, and so do they in the archive', async () => {
  await aged(session, 'taken');
  const context = here();
  const { end } = await runCleanup(context, old('taken'));
  await session.sql("INSERT INTO taken VALUES (150, now(), 'new'), (151, now(), 'new')");
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(back.end.state).toMatch(/^99 rows of public\.taken are back\. 2 rows stay in the archive/);
  expect(await countOf(session, "taken WHERE t = 'new'")).toBe(2);
});

test('an archive that was altered is not put back', async () => {
  await aged(session, 'altered');
  const context = here();
  const { end, events } = await runCleanup(context, old('altered'));
  const [{ archive: directory } = { archive: '' }] = outcomes(events) as { archive?: string }[];
  appendFileSync(join(String(directory), '000001.csv.gz'), 'x');
  await expect(restoreRun(context, end.run)).rejects.toThrow(/is not as it was written/);
  expect(await countOf(session, 'altered')).toBe(99);
});

test('the count is a guess where counting takes too long, and says so', async () => {
  await aged(session, 'many', { rows: 5000 });
  await session.sql('ANALYZE many');
  const context = here();
  const [task] = await tasksOf(cleanupInput.parse(old('many')), context);
  const look = await lookAt(await context.session(), task as Task, 0);
  expect(look.leaves).toMatchObject([{ exact: false, nulls: undefined }]);
  expect(look.leaves[0]?.rows).toBeGreaterThan(1000);
  expect(taskChecks(task as Task, look, 4000)[0]).toMatchObject({ status: 'warn', title: 'Count' });
  expect(rowsText(look.leaves)).toMatch(/^about /);
});

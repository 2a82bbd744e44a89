import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { broken, complaints, contextFor, planOrphans, rowsOf, runOrphans } from './stage.ts';

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

const blocks = async (input: Record<string, unknown>, role?: string) =>
  complaints(await planOrphans(here(role), { archive, action: 'delete', ...input }));

test('what a key cannot be: without a unique key, of other types, to an UNLOGGED table', async () => {
  await session.sql(
    'CREATE TABLE k_parent (id int PRIMARY KEY, n int, late int UNIQUE DEFERRABLE, part int)',
  );
  await session.sql('CREATE UNIQUE INDEX k_part ON k_parent (part) WHERE part > 0');
  await session.sql('CREATE UNLOGGED TABLE k_unlogged (id int PRIMARY KEY)');
  await session.sql('CREATE TABLE k (id int PRIMARY KEY, a int, b int8, t text, f numeric)');
  const to = (columns: string, references: string) => blocks({ table: 'k', columns, references });
  expect(await to('a', 'k_parent(n)')).toEqual([
    'block Key: Nothing keeps public.k_parent (n) unique, and a foreign key needs that: CREATE UNIQUE INDEX CONCURRENTLY ON "public"."k_parent" ("n")',
  ]);
  expect(await to('a', 'k_parent(part)')).toEqual([expect.stringMatching(/^block Key: Nothing keeps/)]);
  expect(await to('a', 'k_parent(late)')).toEqual([expect.stringMatching(/^block Key: .* is deferrable/)]);
  expect(await to('t', 'k_parent')).toEqual([
    expect.stringMatching(
      /^block Key: t is text, and id of public.k_parent is integer: a key cannot compare/,
    ),
  ]);
  expect(await to('f', 'k_parent')).toEqual([expect.stringMatching(/^block Key: f is numeric/)]);
  expect(await to('b', 'k_parent')).toEqual([]);
  expect(await to('a', 'k_unlogged')).toEqual([expect.stringMatching(/is UNLOGGED\.$/)]);
  await expect(to('a,b', 'k_parent')).rejects.toThrow(/2 columns cannot refer to 1 column/);
  await expect(to('zz', 'k_parent')).rejects.toMatchObject({ next: 'It has: id, a, b, t, f.' });
  await expect(to('a', 'k_parent(')).rejects.toThrow(/is no table with columns/);
  await expect(to('a', 'nowhere')).rejects.toThrow(/There is no table nowhere/);
});

test('a comparison is that of the key: operators of an extension, and collations', async () => {
  await session.sql('CREATE EXTENSION IF NOT EXISTS citext');
  await session.sql('CREATE TABLE ci_parent (name citext PRIMARY KEY, other text COLLATE "C" UNIQUE)');
  await session.sql('CREATE TABLE ci (name citext, other text COLLATE "POSIX")');
  await session.sql("INSERT INTO ci_parent VALUES ('Ann', 'x')");
  await session.sql("INSERT INTO ci VALUES ('ANN', 'x'), ('bob', 'y')");
  const counted = async (columns: string, references: string) =>
    (await planOrphans(here(), { table: 'ci', columns, references })).facts.find(
      ({ label }) => label === 'Orphans',
    )?.value;
  expect(await counted('name', 'ci_parent')).toBe('1 of public.ci');
  expect(await counted('other', 'ci_parent(other)')).toBe('1 of public.ci');
});

test('rows that others refer to are not deleted, whatever their key would do with them', async () => {
  await broken(session, 'mid', { lost: 5 });
  await session.sql('CREATE TABLE low (mid int CONSTRAINT low_fk REFERENCES mid ON DELETE CASCADE)');
  expect(await blocks({ table: 'mid' })).toEqual([]);
  await session.sql('INSERT INTO low VALUES (1), (2), (99)');
  expect(await blocks({ table: 'mid' })).toEqual([
    'block Rows that refer to these: 2 rows of public.low refer to rows of public.mid that break the key, and would be deleted with them (CASCADE) by low_fk. No index of public.low finds them. Settle those rows first: nothing is kept of them here.',
  ]);
  expect(await blocks({ table: 'mid', action: 'set-null' })).toEqual([]);
  await session.sql('CREATE TABLE tree (id int PRIMARY KEY, up int)');
  await session.sql('INSERT INTO tree VALUES (1, NULL), (2, 7), (3, 2)');
  expect(await blocks({ table: 'tree', columns: 'up', references: 'tree' })).toEqual([
    expect.stringMatching(
      /^block Rows that refer to these: 1 row of public.tree refers to rows of public.tree/,
    ),
  ]);
  const context = here();
  const { end } = await runOrphans(context, {
    ...{ table: 'tree', columns: 'up', references: 'tree', action: 'set-null', archive },
  });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await rowsOf(session, 'tree')).toEqual(['(1,)', '(2,)', '(3,2)']);
});

test('what cannot be set NULL: NOT NULL, generated, without a primary key', async () => {
  await session.sql('CREATE TABLE sn_parent (id int PRIMARY KEY)');
  await session.sql('CREATE TABLE sn (id int, a int NOT NULL, g int GENERATED ALWAYS AS (a + 1) STORED)');
  await session.sql('INSERT INTO sn VALUES (1, 1)');
  const asked = (columns: string) =>
    blocks({ table: 'sn', columns, references: 'sn_parent', action: 'set-null' });
  expect(await asked('a')).toEqual([
    expect.stringMatching(/^block Set null: a of public.sn is NOT NULL/),
    expect.stringMatching(/^block Set null: public.sn has no primary key/),
  ]);
  expect((await asked('g'))[0]).toMatch(/g of public.sn is generated/);
});

test('rules, triggers, tables that inherit', async () => {
  await broken(session, 'odd_t', { lost: 2 });
  await session.sql('CREATE TABLE odd_heir () INHERITS (odd_t)');
  await session.sql(
    'CREATE FUNCTION odd_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
  );
  await session.sql('CREATE TRIGGER seen BEFORE DELETE ON odd_t FOR EACH ROW EXECUTE FUNCTION odd_f()');
  await session.sql('CREATE RULE r AS ON DELETE TO odd_t DO INSTEAD NOTHING');
  expect(await blocks({ table: 'odd_t' })).toEqual([
    'warn Inheritance: 1 table inherits from public.odd_t: a foreign key is not about their rows.',
    expect.stringMatching(/^block Rules: /),
    expect.stringMatching(/^warn Triggers: 1 trigger of public.odd_t would fire: seen\./),
  ]);
});

test('rights that are missing, and policies that hide rows', async () => {
  await broken(session, 'rls', { lost: 2 });
  const role = await db.roleWith();
  await session.sql(`GRANT SELECT ON rls_parent TO ${role}`);
  expect((await blocks({ table: 'rls' }, role)).at(-1)).toMatch(
    /^block Rights: .* lacks SELECT on public.rls, DELETE on public.rls, .* to be postgres, who owns public.rls\./,
  );
  await session.sql(`ALTER TABLE rls OWNER TO ${role}; GRANT REFERENCES ON rls_parent TO ${role}`);
  await session.sql('ALTER TABLE rls ENABLE ROW LEVEL SECURITY; ALTER TABLE rls FORCE ROW LEVEL SECURITY');
  expect((await blocks({ table: 'rls' }, role)).at(-1)).toMatch(
    /^block Row security: Policies hide rows of public.rls/,
  );
  await session.sql('ALTER TABLE rls NO FORCE ROW LEVEL SECURITY');
  expect(await blocks({ table: 'rls' }, role)).toEqual([]);
});

test('an archive that cannot be written blocks, and a table of no rows has no need of one', async () => {
  await broken(session, 'place', { lost: 2 });
  writeFileSync(join(home, 'file'), '');
  expect(await blocks({ table: 'place', archive: join(home, 'file', 'x') })).toEqual([
    expect.stringMatching(/^block Archive: .*file is no directory/),
  ]);
  mkdirSync(join(home, 'there'));
  expect(await blocks({ table: 'place', archive: join(home, 'there') })).toEqual([]);
});

test('which key is meant', async () => {
  await broken(session, 'one', { lost: 1 });
  await broken(session, 'two', { lost: 1 });
  await session.sql('ALTER TABLE two ADD CONSTRAINT one_fk FOREIGN KEY (id) REFERENCES two_parent NOT VALID');
  await expect(planOrphans(here(), { key: 'one_fk' })).rejects.toThrow(/keys of public.one and public.two/);
  await expect(planOrphans(here(), { table: 'two' })).rejects.toThrow(/2 foreign keys that are NOT VALID/);
  await expect(planOrphans(here(), { table: 'one_parent' })).rejects.toMatchObject({
    next: expect.stringMatching(/--columns and --references/),
  });
  await expect(planOrphans(here(), { key: 'none' })).rejects.toThrow(/no foreign key none that is NOT VALID/);
  expect((await planOrphans(here(), { table: 'one', key: 'one_fk' })).title).toBe(
    'Count the orphans of public.one',
  );
});

test('rows are taken out of partitions by their own names: their rights, rules, triggers and policies count', async () => {
  await session.sql('CREATE TABLE leafy_parent (id int PRIMARY KEY)');
  await session.sql('CREATE TABLE leafy (id int PRIMARY KEY, parent int) PARTITION BY RANGE (id)');
  await session.sql('CREATE TABLE leafy_1 PARTITION OF leafy FOR VALUES FROM (0) TO (100)');
  await session.sql('INSERT INTO leafy VALUES (1, 7)');
  const input = { table: 'leafy', columns: 'parent', references: 'leafy_parent' };
  const role = await db.roleWith();
  await session.sql(
    `ALTER TABLE leafy OWNER TO ${role}; GRANT SELECT, REFERENCES ON leafy_parent TO ${role}; REVOKE TEMPORARY ON DATABASE ${db.database} FROM PUBLIC`,
  );
  expect((await blocks(input, role)).at(-1)).toMatch(
    /lacks TEMPORARY on the database, which undo needs, SELECT on public.leafy_1, DELETE on public.leafy_1, UPDATE on public.leafy_1\./,
  );
  await session.sql(
    `GRANT TEMPORARY ON DATABASE ${db.database} TO PUBLIC; GRANT SELECT, DELETE, UPDATE ON leafy_1 TO ${role}; ALTER TABLE leafy_1 ENABLE ROW LEVEL SECURITY`,
  );
  expect((await blocks(input, role)).at(-1)).toMatch(
    /^block Row security: Policies hide rows of public.leafy_1 /,
  );
  expect(await blocks(input)).toEqual([]);
  await session.sql(
    'CREATE FUNCTION leafy_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$',
  );
  await session.sql('CREATE TRIGGER own BEFORE DELETE ON leafy_1 FOR EACH ROW EXECUTE FUNCTION leafy_f()');
  await session.sql('CREATE RULE r AS ON DELETE TO leafy_1 DO ALSO SELECT 1');
  expect(await blocks(input)).toEqual([
    expect.stringMatching(/^block Rules: A rule of public.leafy_1 rewrites/),
    expect.stringMatching(/^warn Triggers: 1 trigger of public.leafy would fire: own\./),
  ]);
});

test('a published table without a replica identity: the server would refuse the change', async () => {
  await session.sql('CREATE TABLE told_parent (id int PRIMARY KEY); CREATE TABLE told (id int, parent int)');
  await session.sql('INSERT INTO told VALUES (1, 7)');
  const input = { table: 'told', columns: 'parent', references: 'told_parent' };
  await session.sql("CREATE PUBLICATION told_p FOR TABLE told WITH (publish = 'insert')");
  expect(await blocks(input)).toEqual([]);
  await session.sql("ALTER PUBLICATION told_p SET (publish = 'insert, delete')");
  expect(await blocks(input)).toEqual([
    'block Publication: public.told is published and has no replica identity: the server refuses to delete its rows. ALTER TABLE "public"."told" REPLICA IDENTITY FULL',
  ]);
  await session.sql('ALTER TABLE told REPLICA IDENTITY FULL');
  expect(await blocks(input)).toEqual([]);
});

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Project, project, shapeOf } from '../stage.ts';

const TABLE = 'drizzle.__drizzle_migrations';
const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const entry = (idx: number, tag: string, when: number) => ({
  idx,
  version: '7',
  when,
  tag,
  breakpoints: true,
});
const journal = (...entries: object[]) => JSON.stringify({ version: '7', dialect: 'postgresql', entries });

const USERS =
  'CREATE TABLE "users" ("id" serial)\n--> statement-breakpoint\nCREATE TABLE "posts" ("id" serial)';
const AGE = 'ALTER TABLE "users" ADD COLUMN "age" integer;';
const FILES = {
  'drizzle/meta/_journal.json': journal(
    entry(0, '0000_init', 1_700_000_000_000),
    entry(1, '0001_age', 1_700_000_100_000),
  ),
  'drizzle/0000_init.sql': USERS,
  'drizzle/0001_age.sql': AGE,
};

/** What drizzle-orm 0.45 does before it looks, and for each entry. */
async function byDrizzle({ session }: Project, text?: string, when?: number): Promise<void> {
  await session.sql('CREATE SCHEMA IF NOT EXISTS "drizzle"');
  await session.sql(
    'CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)',
  );
  if (text === undefined) return;
  for (const part of text.split('--> statement-breakpoint')) await session.sql(part);
  await session.sql('INSERT INTO "drizzle"."__drizzle_migrations" ("hash", "created_at") VALUES ($1, $2)', [
    sum(text),
    when,
  ]);
}

test('the rows are those of Drizzle, and half may be done by either', async () => {
  const ours = await project(FILES);
  expect((await ours.chosen()).why).toBe(
    `2 files of Drizzle in ${ours.root}/drizzle (meta/_journal.json of Drizzle)`,
  );
  expect(await ours.states()).toEqual(['0000 pending', '0001 pending']);
  const { end } = await ours.go('up');
  expect(end.text).toMatch(/done/);
  expect(await ours.session.sql(`SELECT id, hash, created_at::text AS at FROM ${TABLE} ORDER BY id`)).toEqual(
    [
      { id: 1, hash: sum(USERS), at: '1700000000000' },
      { id: 2, hash: sum(AGE), at: '1700000100000' },
    ],
  );
  // beside it, where drizzle-kit does not look for tables of the schema
  expect(
    await ours.session.sql(`SELECT to_regclass('drizzle.pgdeck_migrations') IS NOT NULL AS there`),
  ).toEqual([{ there: true }]);
  await expect(ours.go('down')).rejects.toThrow('0001 has no way down');

  const theirs = await project(FILES);
  await byDrizzle(theirs);
  expect(await shapeOf(theirs.session, TABLE)).toEqual(await shapeOf(ours.session, TABLE));
  await byDrizzle(theirs, USERS, 1_700_000_000_000);
  expect(await theirs.states()).toEqual(['0000 applied', '0001 pending']);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect(await theirs.states()).toEqual(['0000 applied', '0001 applied']);
  theirs.write({ 'drizzle/0001_age.sql': `-- more\n${AGE}` });
  expect(await theirs.states()).toEqual(['0000 applied', '0001 changed']);
  expect((await theirs.go('repair', { entry: '0001', action: 'accept' })).end.ok).toBe(true);
  expect(await theirs.states()).toEqual(['0000 applied', '0001 applied']);
});

test('the journal says which are migrations, in its order', async () => {
  const files = {
    'drizzle/meta/_journal.json': journal(entry(0, 'zeta', 1), entry(1, 'alpha', 2)),
    'drizzle/zeta.sql': 'SELECT 1;',
    'drizzle/alpha.sql': 'SELECT 2;',
    'drizzle/0003_stray.sql': 'SELECT 3;',
  };
  const made = await project(files);
  expect(await made.states()).toEqual(['zeta pending', 'alpha pending']);
  expect(await made.problems()).toEqual([
    '0003_stray.sql: it is not in meta/_journal.json, so that Drizzle does not see it; add it there, or take it away.',
  ]);
  rmSync(join(made.root, 'drizzle/alpha.sql'));
  await expect(made.go('up')).rejects.toThrow('meta/_journal.json names alpha, and there is no alpha.sql');
  made.write({ 'drizzle/meta/_journal.json': '{' });
  await expect(made.go('up')).rejects.toThrow('it is not what drizzle-kit writes');
  made.write({ 'drizzle/meta/_journal.json': JSON.stringify({ dialect: 'sqlite', entries: [] }) });
  await expect(made.go('up')).rejects.toThrow('these migrations are for sqlite');
});

test('a history under another name is found by its sums, and made where the settings say', async () => {
  const made = await project(FILES);
  const { session } = made;
  await session.sql('CREATE TABLE files (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)');
  await session.sql(`INSERT INTO files (hash, created_at) VALUES ('of an upload', 1700000000000)`);
  expect(await made.states()).toEqual(['0000 pending', '0001 pending']);
  await session.sql('CREATE TABLE "Done" (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)');
  for (const part of USERS.split('--> statement-breakpoint')) await session.sql(part);
  await session.sql(`INSERT INTO "Done" (hash, created_at) VALUES ($1, 1700000000000)`, [sum(USERS)]);
  expect(await made.states()).toEqual(['0000 applied', '0001 pending']);
  const { plan, end } = await made.go('up');
  expect(plan.facts).toContainEqual({ label: 'History', value: '"public"."Done" of drizzle' });
  expect(end.ok).toBe(true);
  expect(await session.sql('SELECT hash FROM "Done" ORDER BY id')).toEqual([
    { hash: sum(USERS) },
    { hash: sum(AGE) },
  ]);
  await session.sql('CREATE TABLE twice AS SELECT * FROM "Done"');
  await expect(made.states()).rejects.toThrow('"public"."Done" and "public"."twice" both have rows');

  const said = await project({
    ...FILES,
    'drizzle.config.ts': `export default {\n  // migrations: { table: 'old' },\n  migrations: { prefix: 'index', table: 'moves', schema: "public" },\n};\n`,
  });
  expect((await said.go('up')).end.ok).toBe(true);
  expect(await said.session.sql('SELECT count(*)::int AS n FROM public.moves')).toEqual([{ n: 2 }]);
  expect(await said.states()).toEqual(['0000 applied', '0001 applied']);
});

test('a journal that names two migrations alike is refused, for the history could not tell them apart', async () => {
  const made = await project({
    'drizzle/meta/_journal.json': journal(entry(0, '0000_a', 5), entry(1, '0001_b', 5)),
    'drizzle/0000_a.sql': 'CREATE TABLE a ();',
    'drizzle/0001_b.sql': 'CREATE TABLE b ();',
  });
  await expect(made.go('up')).rejects.toThrow('gives 0001_b the time of 0000_a (5)');
  made.write({ 'drizzle/meta/_journal.json': journal(entry(0, '0000_a', 5), entry(1, '0000_a', 6)) });
  await expect(made.go('up')).rejects.toThrow('names 0000_a twice');
});

test('a breakpoint ends a statement that ends in a comment, and rows without a time are told and go', async () => {
  const made = await project({
    'drizzle/meta/_journal.json': journal(entry(0, '0000_a', 5)),
    'drizzle/0000_a.sql':
      "CREATE TABLE a (x text DEFAULT 'v') -- note\n--> statement-breakpoint\nCREATE TABLE b () /* c */--> statement-breakpoint\nSELECT 1",
  });
  await byDrizzle(made);
  await made.session.sql(`INSERT INTO ${TABLE} (hash) VALUES ('x')`);
  expect(await made.states()).toEqual(['0000 pending', 'null missing_file']);
  expect((await made.go('repair', { entry: 'null', action: 'forget' })).end.ok).toBe(true);
  expect((await made.go('up')).end.ok).toBe(true);
  expect(await made.states()).toEqual(['0000 applied']);
});

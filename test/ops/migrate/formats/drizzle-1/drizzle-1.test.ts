import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { project, shapeOf } from '../stage.ts';

const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const SNAPSHOT = JSON.stringify({ version: '8', dialect: 'postgres', id: 'a', prevIds: ['b'], ddl: [] });
const USERS =
  'CREATE TABLE "users" ("id" serial);--> statement-breakpoint\nCREATE TABLE "posts" ("id" serial);\n';
const AGE = 'ALTER TABLE "users" ADD COLUMN "age" integer;\n';
const [FIRST, SECOND] = ['20260101000000_init', '20260102030405_age'];
const FILES = {
  [`drizzle/${FIRST}/migration.sql`]: USERS,
  [`drizzle/${FIRST}/snapshot.json`]: SNAPSHOT,
  [`drizzle/${SECOND}/migration.sql`]: AGE,
  [`drizzle/${SECOND}/snapshot.json`]: SNAPSHOT,
};
const TABLE = 'drizzle.__drizzle_migrations';
/** As drizzle-orm 1.0 has it in its pg-core/async/session.js. */
const CREATE =
  'CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamp with time zone DEFAULT now())';

test('the rows are those of Drizzle 1, and half may be done by either', async () => {
  const ours = await project(FILES);
  expect((await ours.chosen()).why).toBe(
    `2 files of Drizzle 1 in ${ours.root}/drizzle (${SECOND}/snapshot.json of drizzle-kit)`,
  );
  // they are not taken for those of before, also where that is said
  await expect(ours.go('up', { tool: 'drizzle' })).rejects.toThrow(
    'There is no meta/_journal.json: these directories are of drizzle-kit 1. Say it with --tool drizzle-1.',
  );
  expect((await ours.go('up')).end.ok).toBe(true);
  expect(
    await ours.session.sql(
      `SELECT hash, created_at::text AS at, name, applied_at IS NOT NULL AS applied FROM ${TABLE} ORDER BY id`,
    ),
  ).toEqual([
    { hash: sum(USERS), at: String(Date.UTC(2026, 0, 1)), name: FIRST, applied: true },
    { hash: sum(AGE), at: String(Date.UTC(2026, 0, 2, 3, 4, 5)), name: SECOND, applied: true },
  ]);
  await expect(ours.go('down')).rejects.toThrow(`${SECOND} has no way down`);
  const theirs = await project(FILES);
  await theirs.session.sql('CREATE SCHEMA drizzle');
  await theirs.session.sql(CREATE);
  expect(await shapeOf(theirs.session, TABLE)).toEqual(await shapeOf(ours.session, TABLE));
  for (const part of USERS.split('--> statement-breakpoint')) await theirs.session.sql(part);
  await theirs.session.sql(`INSERT INTO ${TABLE} (hash, created_at, name) VALUES ($1, $2, $3)`, [
    sum(USERS),
    Date.UTC(2026, 0, 1),
    FIRST,
  ]);
  expect(await theirs.states()).toEqual([`${FIRST} applied`, `${SECOND} pending`]);
  expect((await theirs.go('up')).end.ok).toBe(true);
  theirs.write({ [`drizzle/${SECOND}/migration.sql`]: `-- more\n${AGE}` });
  expect(await theirs.states()).toEqual([`${FIRST} applied`, `${SECOND} changed`]);
  expect((await theirs.go('repair', { entry: SECOND, action: 'accept' })).end.ok).toBe(true);
  expect(await theirs.states()).toEqual([`${FIRST} applied`, `${SECOND} applied`]);
});

test('a history of before 1.0 is brought up by Drizzle itself, and Prisma stays Prisma', async () => {
  const made = await project(FILES);
  await made.session.sql('CREATE SCHEMA drizzle');
  await made.session.sql(
    `CREATE TABLE ${TABLE} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
  );
  await expect(made.go('up')).rejects.toThrow(
    'which brings it up itself when it first migrates; run once: npx drizzle-kit migrate',
  );
  const prisma = await project({ [`prisma/migrations/${FIRST}/migration.sql`]: 'SELECT 1;' });
  expect((await prisma.chosen()).why).toContain('1 file of Prisma in');
});

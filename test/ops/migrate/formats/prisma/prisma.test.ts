import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Project, project, shapeOf } from '../stage.ts';

const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const [INIT, AGE] = ['CREATE TABLE "User" ("id" int);\n', 'ALTER TABLE "User" ADD COLUMN "age" int;\n'];
const FILES = {
  'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
  'prisma/migrations/20260101000000_init/migration.sql': INIT,
  'prisma/migrations/20260101000000_init/down.sql': 'DROP TABLE "User";\n',
  'prisma/migrations/20260102000000_age/migration.sql': AGE,
};
/** As the schema engine of Prisma 7 has it in its flavour/postgres.rs. */
const TABLE = `CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

const rows = ({ session }: Project) =>
  session.sql(
    `SELECT length(id) AS id, checksum, finished_at >= started_at AS finished, migration_name AS name, logs, rolled_back_at IS NOT NULL AS back, applied_steps_count AS steps FROM _prisma_migrations ORDER BY started_at`,
  );

test('the rows are those of Prisma, and half may be done by either', async () => {
  const ours = await project(FILES);
  expect(await ours.states()).toEqual(['20260101000000_init pending', '20260102000000_age pending']);
  expect((await ours.go('up')).end.ok).toBe(true);
  const row = (name: string, text: string) => ({
    ...{ id: 36, checksum: sum(text), finished: true, name, logs: null, back: false, steps: 1 },
  });
  const applied = [row('20260101000000_init', INIT), row('20260102000000_age', AGE)];
  expect(await rows(ours)).toEqual(applied);
  // migrate dev holds the schema against the files: nothing else of ours is in it
  expect(
    await ours.session.sql(
      `SELECT nspname::text || '.' || relname AS t FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'pgdeck_migrations'`,
    ),
  ).toEqual([{ t: 'pgdeck.pgdeck_migrations' }]);
  await expect(ours.go('down')).rejects.toThrow('20260102000000_age has no way down');
  expect((await ours.go('down', { only: ['20260101000000'] })).end.ok).toBe(true);
  expect((await rows(ours)).map(({ back }) => back)).toEqual([true, false]);
  expect(await ours.states()).toEqual(['20260101000000_init out_of_order', '20260102000000_age applied']);

  const theirs = await project(FILES);
  await theirs.session.sql(TABLE);
  expect(await shapeOf(theirs.session, '_prisma_migrations')).toEqual(
    await shapeOf(ours.session, '_prisma_migrations'),
  );
  await theirs.session.sql(INIT);
  const add = (id: string, text: string, name: string, finished: string, back: string) =>
    theirs.session.sql(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at, applied_steps_count) VALUES ($1, $2, $3, ${finished}, ${back}, 1)`,
      [id.repeat(36), sum(text), name],
    );
  await add('a', 'other', '20260101000000_init', 'NULL', 'now()');
  // the same text with the line ends of Windows
  await add('b', INIT.replaceAll('\n', '\r\n'), '20260101000000_init', 'now()', 'NULL');
  expect(await theirs.states()).toEqual(['20260101000000_init applied', '20260102000000_age pending']);
  await add('c', AGE, '20260102000000_age', 'NULL', 'NULL');
  expect(await theirs.states()).toEqual(['20260101000000_init applied', '20260102000000_age dirty']);
  expect((await theirs.go('repair', { entry: '20260102000000_age', action: 'pending' })).end.ok).toBe(true);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect((await rows(theirs)).at(-1)).toEqual(applied[1]);
});

test('a try that is still open stops Prisma, also where another one has finished', async () => {
  const made = await project(FILES);
  await made.session.sql(TABLE);
  await made.session.sql(INIT);
  const add = (id: string, finished: string) =>
    made.session.sql(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ($1, $2, '20260101000000_init', ${finished})`,
      [id, sum(INIT)],
    );
  await add('a', 'NULL');
  await add('b', 'now()');
  expect(await made.states()).toEqual(['20260101000000_init dirty', '20260102000000_age pending']);
  expect((await made.go('repair', { action: 'applied' })).end.ok).toBe(true);
  expect(await made.states()).toEqual(['20260101000000_init applied', '20260102000000_age pending']);
  expect(
    await made.session.sql(`SELECT count(*)::int AS open FROM _prisma_migrations WHERE finished_at IS NULL`),
  ).toEqual([{ open: 0 }]);
});

test('migrations of another server are refused', async () => {
  const made = await project({ ...FILES, 'prisma/migrations/migration_lock.toml': 'provider = "mysql"\n' });
  await expect(made.go('up')).rejects.toThrow('migration_lock.toml: these migrations are for mysql');
});

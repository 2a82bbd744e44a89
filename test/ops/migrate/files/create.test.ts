import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newMigration } from '../../../../src/ops/migrate/files/create.ts';
import { migrateCreate } from '../../../../src/ops/migrate/files/operation.ts';
import { readMigrations } from '../../../../src/ops/migrate/files/read.ts';
import type { MigrationFormat } from '../../../../src/ops/migrate/formats/registry.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { filesOf, writeMigrations } from '../../../support/fixtures/migrations.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';

const NOW = new Date('2026-11-20T17:01:02.345Z');
const ALL: readonly MigrationFormat[] = ['dbmate', 'node-pg-migrate', 'golang-migrate', 'goose', 'flyway'];

describe('the name follows what is there', () => {
  const named = async (format: MigrationFormat, files: readonly string[]) => {
    const migrations = files.map((file) => ({ file }) as never);
    return newMigration({ format, migrations }, 'add users!', NOW).map(({ file }) => file);
  };

  test.each<[MigrationFormat, readonly string[], readonly string[]]>([
    ['dbmate', [], ['20261120170102_add_users.sql']],
    ['dbmate', ['20260101000000_a.sql'], ['20261120170102_add_users.sql']],
    ['dbmate', ['20270101000000_a.sql'], ['20270101000001_add_users.sql']],
    ['dbmate', ['0041_a.sql'], ['0042_add_users.sql']],
    ['goose', [], ['00001_add_users.sql']],
    ['goose', ['00009_a.sql'], ['00010_add_users.sql']],
    ['goose', ['20260101000000_a.sql'], ['20261120170102_add_users.sql']],
    ['golang-migrate', [], ['000001_add_users.up.sql', '000001_add_users.down.sql']],
    ['golang-migrate', ['000009_a.up.sql'], ['000010_add_users.up.sql', '000010_add_users.down.sql']],
    ['node-pg-migrate', [], [`${NOW.getTime()}_add_users.sql`]],
    ['node-pg-migrate', ['1700000000001_a.sql'], [`${NOW.getTime()}_add_users.sql`]],
    ['node-pg-migrate', ['1700000000001-a.sql'], [`${NOW.getTime()}-add_users.sql`]],
    ['node-pg-migrate', ['20260101000000000_a.sql'], ['20261120170102345_add_users.sql']],
    ['flyway', [], ['V1__add_users.sql', 'U1__add_users.sql']],
    ['flyway', ['V9__a.sql'], ['V10__add_users.sql', 'U10__add_users.sql']],
    ['flyway', ['V1.2__a.sql'], ['V1.3__add_users.sql', 'U1.3__add_users.sql']],
    ['prisma', [], ['20261120170102_add_users/migration.sql', 'migration_lock.toml']],
    ['prisma', ['20260101000000_a/migration.sql'], ['20261120170102_add_users/migration.sql']],
    ['supabase', [], ['20261120170102_add_users.sql']],
    ['sqlx', [], ['20261120170102_add_users.up.sql', '20261120170102_add_users.down.sql']],
    ['sqlx', ['20260101000000_a.sql'], ['20261120170102_add_users.sql']],
    ['diesel', [], ['2026-11-20-170102_add_users/up.sql', '2026-11-20-170102_add_users/down.sql']],
    [
      'diesel',
      ['2027-01-01-000000_a/up.sql'],
      ['2027-01-01-000001_add_users/up.sql', '2027-01-01-000001_add_users/down.sql'],
    ],
    [
      'diesel',
      ['20260101000000_a/up.sql'],
      ['20261120170102_add_users/up.sql', '20261120170102_add_users/down.sql'],
    ],
    ['hasura', [], [`${NOW.getTime()}_add_users/up.sql`, `${NOW.getTime()}_add_users/down.sql`]],
  ])('%s after %j', async (format, files, expected) => {
    expect(await named(format, files)).toEqual(expected);
  });

  test('what only the tool can begin is left to it', async () => {
    await expect(named('drizzle', [])).rejects.toMatchObject({
      message: 'A migration of Drizzle is more than its SQL, and Drizzle begins it itself.',
      next: expect.stringContaining('npx drizzle-kit generate'),
    });
  });

  test('letters of any script stay', () => {
    const [file] = newMigration({ format: 'goose', migrations: [] }, ' 注文 を-追加 ', NOW);
    expect(file?.file).toBe('00001_注文_を_追加.sql');
  });
});

test.each(ALL)('%s: what is made is read as the last migration, and it is made once', async (format) => {
  const home = temporaryDirectory();
  const directory = join(home, 'm');
  writeMigrations(directory, format);
  const context = contextOf(serverTarget(), home);
  const plan = await migrateCreate.plan({ name: 'eleventh', dir: directory }, context);
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'done' });
  const { migrations, problems } = await readMigrations(context.host, directory);
  expect(problems).toEqual([]);
  expect(migrations).toHaveLength(11);
  expect(migrations.at(-1)).toMatchObject({ name: 'eleventh' });
  // a file that came up meanwhile is not written over
  expect((await carryOut(plan, context)).end.status).toBe('failed');
  await context.close();
});

test('among files that could be of several tools nothing is begun, unless it is said for whom', async () => {
  const home = temporaryDirectory();
  for (const name of ['0041_a.sql', '0042_b.sql']) writeFileSync(join(home, name), 'SELECT 1;');
  const context = contextOf(serverTarget(), home);
  const plan = (more: { format?: MigrationFormat; tool?: string }) =>
    migrateCreate.plan({ name: 'x', autogenerate: false, dir: home, ...more }, context);
  await expect(plan({})).rejects.toThrow('look like migrations of sqlx or Supabase');
  const files = async (more: Parameters<typeof plan>[0]) => (await plan(more)).steps[0]?.preview;
  expect(await files({ format: 'sqlx' })).toBe(join(home, '0043_x.sql'));
  expect(await files({ tool: 'sqlx' })).toBe(join(home, '0043_x.sql'));
  await context.close();
});

test('another format than that of the directory is refused', async () => {
  const home = temporaryDirectory();
  writeMigrations(join(home, 'm'), 'goose');
  const context = contextOf(serverTarget(), home);
  await expect(
    migrateCreate.plan({ name: 'x', format: 'dbmate', dir: join(home, 'm') }, context),
  ).rejects.toThrow(/are written for goose/);
  expect(filesOf('goose').size).toBe(10);
  await context.close();
});

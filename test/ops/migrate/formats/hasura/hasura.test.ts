import { expect, test } from 'vitest';
import { BEFORE } from '../../../../support/fixtures/migrations.ts';
import { type Project, project } from '../stage.ts';

const FILES = {
  'config.yaml': 'version: 3\nendpoint: http://localhost:8080\nmetadata_directory: metadata\n',
  'migrations/default/1700000000001_users/up.sql': 'CREATE TABLE users (id int);\n',
  'migrations/default/1700000000001_users/down.sql': 'DROP TABLE users;\n',
  'migrations/default/1700000000002_age/up.sql': 'ALTER TABLE users ADD age int;\n',
};
const state = async ({ session }: Project) =>
  (await session.sql('SELECT cli_state FROM hdb_catalog.hdb_version'))[0]?.cli_state;

test('the state of the CLI is read and written where it is, and others in it stay', async () => {
  const made = await project(FILES);
  for (const sql of BEFORE.hasura ?? []) await made.session.sql(sql);
  const others = { settings: { migration_mode: 'true' }, isStateCopyCompleted: false };
  await made.session.sql('UPDATE hdb_catalog.hdb_version SET cli_state = $1', [
    JSON.stringify({ ...others, migrations: { other: { 1: false } } }),
  ]);
  expect((await made.chosen()).why).toBe(
    `2 files of Hasura in ${made.root}/migrations/default (config.yaml of Hasura in ${made.root})`,
  );
  expect((await made.go('up')).end.ok).toBe(true);
  expect(await state(made)).toEqual({
    ...others,
    migrations: { other: { 1: false }, default: { '1700000000001': false, '1700000000002': false } },
  });
  await expect(made.go('down')).rejects.toThrow('1700000000002 has no way down');
  expect((await made.go('down', { only: ['1700000000001'] })).end.ok).toBe(true);
  expect(await made.states()).toEqual(['1700000000001 out_of_order', '1700000000002 applied']);
  await made.session.sql(
    `UPDATE hdb_catalog.hdb_version SET cli_state = jsonb_set(cli_state, '{migrations,default}', '{"1700000000002": true, "odd": false}')`,
  );
  expect(await made.states()).toEqual(['1700000000001 pending', '1700000000002 dirty', 'odd missing_file']);
});

test('where the metadata is in another database, that is said', async () => {
  const made = await project(FILES);
  await expect(made.go('up')).rejects.toThrow(
    'Hasura keeps its history in hdb_catalog.hdb_version of its metadata database, and this database has none',
  );
  expect(await made.states()).toEqual(['1700000000001 pending', '1700000000002 pending']);
});

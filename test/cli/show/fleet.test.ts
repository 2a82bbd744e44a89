import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testServer } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const config = join(home, 'config.json');
const { host, port } = testServer();
const profile = (more = {}) => ({ host, port, user: 'postgres', database: 'postgres', ...more });
writeFileSync(
  config,
  JSON.stringify({ profiles: { a: profile(), b: profile(), down: profile({ port: 1 }) } }),
);

const show = (...args: string[]) =>
  pgdeckHere(['show', 'fleet', ...args, '--config', config], cleanEnvironment(home));

const names = (stdout: string) => JSON.parse(stdout).rows.map((row: { profile: string }) => row.profile);

test('--filter leaves the rows that it asks for', async () => {
  const up = await show('--json', '--filter', 'state:up');
  expect([up.code, names(up.stdout)]).toEqual([0, ['a', 'b']]);
  const away = await show('--json', '--filter', '!name:/^[ab]$/');
  expect([away.code, names(away.stdout)]).toEqual([3, ['down']]);
  const many = await show('--filter', 'conns>1000');
  expect([many.code, many.stderr]).toEqual([
    0,
    expect.stringContaining('None of the servers meets the filter.'),
  ]);
});

test('--sort orders them', async () => {
  const { code, stdout } = await show('--json', '--sort', 'name:desc');
  expect([code, names(stdout)]).toEqual([3, ['down', 'b', 'a']]);
});

test('a field or a column that there is not is said before anybody is asked', async () => {
  const field = await show('--filter', 'cons>1');
  expect([field.code, field.stdout]).toEqual([2, '']);
  expect(field.stderr).toContain('--filter, character 1: there is no field cons');
  const column = await show('--sort', 'size');
  expect([column.code, column.stdout]).toEqual([2, '']);
  expect(column.stderr).toContain('--sort: fleet has no column "size".');
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { databasesLike, dropLike, inDatabase } from '../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
let right: TestDatabase;
let wrong: TestDatabase;
beforeAll(async () => {
  [right, wrong] = await Promise.all([testDatabase(), testDatabase()]);
  for (const { database } of [right, wrong])
    await inDatabase(database, (session) => session.sql('CREATE TABLE t AS SELECT 7 AS n'));
});
afterAll(async () => {
  for (const one of [right, wrong]) {
    await dropLike(one.database);
    await one.drop();
  }
});

const run = (database: string, ...args: string[]) => {
  const { host, port, user } = right.target();
  return pgdeckHere(
    ['-h', host, '-p', String(port), '-U', user, '-d', database, ...args],
    cleanEnvironment(home),
  );
};

/** Both have their rows, and there is no other database of theirs. */
async function untouched(): Promise<void> {
  for (const { database } of [right, wrong]) {
    expect(await databasesLike(database)).toEqual([database]);
    expect(await inDatabase(database, (session) => session.sql('SELECT n FROM t'))).toEqual([{ n: 7 }]);
  }
}

test('no slip of the fingers resets a database', async () => {
  const name = right.database;
  const other = wrong.database;
  const reset = ['db', 'reset', '--no-safety-backup'];
  const slips: string[][] = [
    // nothing typed, a yes in its place, and every name that is not exactly this one
    [...reset, name],
    [...reset, name, '--yes'],
    ...[other, name.slice(0, -1), `${name}x`, name.toUpperCase(), ` ${name}`, '', 'yes', 'postgres'].map(
      (typed) => [...reset, name, '--confirm', typed],
    ),
    [...reset, name, '--confirm', other, '--yes'],
    // the name is right for the other one, and that one was not asked for
    [...reset, other, '--confirm', name],
    [...reset, other, '--confirm', name, '--yes'],
    [...reset, '--keep-database', other, '--confirm', name],
    // no name: the connected one is not taken for it
    [...reset, '--confirm', name],
    // no such database, those that stay, and more than one
    [...reset, name.slice(0, -1), '--confirm', name.slice(0, -1)],
    [...reset, 'postgres', '--confirm', 'postgres'],
    [...reset, 'template1', '--confirm', 'template1'],
    [...reset, name, other, '--confirm', name],
  ];
  for (const slip of slips) {
    const { code, stderr } = await run(name, ...slip);
    expect(code, `${slip.join(' ')}\n${stderr}`).toBe(2);
  }
  for (const slip of [
    [...reset, name, '--read-only', '--confirm', name],
    [...reset, name, '--plan'],
  ])
    expect((await run('postgres', ...slip)).code, slip.join(' ')).toBeOneOf([0, 2]);
  await untouched();
}, 120_000);

test('its own name is what it takes', async () => {
  const { code, stderr } = await run(
    'postgres',
    'db',
    'reset',
    right.database,
    '--no-safety-backup',
    '--confirm',
    right.database,
  );
  expect(code, stderr).toBe(0);
  expect(await inDatabase(right.database, (s) => s.sql("SELECT to_regclass('t')::text AS t"))).toEqual([
    { t: null },
  ]);
  expect(await inDatabase(wrong.database, (s) => s.sql('SELECT n FROM t'))).toEqual([{ n: 7 }]);
});

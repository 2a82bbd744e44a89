import { afterAll, beforeAll, expect, test } from 'vitest';
import { broken } from '../ops/orphans/stage.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

let db: TestDatabase;
const home = temporaryDirectory();
beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await broken(session, 'many', { rows: 3000, lost: 2500 });
  await broken(session, 'none', { lost: 0 });
});
afterAll(() => db.drop());

function orphans(...args: string[]) {
  const { host, port, user, database } = db.target();
  const where = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  return pgdeckHere([...where, 'orphans', ...args], cleanEnvironment(home));
}

test('the keys that are NOT VALID, with how many rows break each', async () => {
  const { code, stdout } = await orphans('list');
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/public\.many +many_fk +2,500 +FOREIGN KEY[\s\S]*public\.none +none_fk +0 /),
  ]);
  const json = await orphans('list', '--table', 'many', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    keys: [{ schema: 'public', table: 'many', key: 'many_fk', orphans: 2500, unknown: null }],
  });
});

test('the operation: counted only, exit 1 while rows are left; refused without the name', async () => {
  expect(await orphans('--table', 'many')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/2,500 rows of public\.many refer to a row that is not there/),
  });
  expect(await orphans('--table', 'many', '--then', 'delete', '--yes')).toMatchObject({ code: 2 });
  expect(await orphans('--then', 'delete')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Say which key is meant: --key, or --table/),
  });
  expect(await orphans('--table', 'none', '--then', 'delete', '--yes')).toMatchObject({ code: 0 });
});

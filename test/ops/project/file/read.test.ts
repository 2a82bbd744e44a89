import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProject } from '../../../../src/ops/project/file/read.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { contextIn } from '../../restore/stage.ts';
import { projectIn } from '../stage.ts';

const home = temporaryDirectory();
const read = (content: unknown) =>
  readProject(contextIn(serverTarget(), home), projectIn(home, { 'pgdeck.setup.json': content }));

test('says what a database is made of, with what holds where it says nothing', async () => {
  expect(await read({})).toMatchObject({
    name: serverTarget().database,
    directory: home,
    roles: [],
    sql: [],
    app: {},
  });
  expect(
    await read({ database: { name: 'shop' }, sql: ['a.sql', { file: 'b.sql', set: { x: '1' } }] }),
  ).toMatchObject({
    name: 'shop',
    database: { closed: false },
    sql: [
      { file: 'a.sql', set: {} },
      { file: 'b.sql', set: { x: '1' } },
    ],
  });
});

test('every fault has its line and column', async () => {
  const text = `{
  "database": { "name": 7 },
  "roles": [
    { "name": "app", "password": "secret" },
    { "name": "b", "as": "admin" }
  ],
  "sql": [3],
  "strange": 1,
  "app": { "check": { "url": "ftp://x" } }
}`;
  const error = await read(text).catch(String);
  const lines = String(error)
    .split('\n')
    .map((line) => line.replace(/^.*pgdeck\.setup\.json:/, ''));
  expect(lines).toEqual([
    '2:17: field "database.name": expected a string, got 7.',
    '4:22: field "roles.0.password": expected an object {…}, got "secret".',
    '5:20: field "roles.1.as": expected one of "owner", "read-write", "read-only", "monitor", got "admin".',
    '7:11: field "sql.0": expected the path of an SQL file, or {"file": …, "set": {…}}.',
    '9:23: field "app.check.url": expected an address of http or https.',
    '8:3: field "strange": there is no such field.',
  ]);
});

test('what is no JSON, and what is not there', async () => {
  await expect(read('{"database": }')).rejects.toThrow(/pgdeck\.setup\.json:1:14: expected a value, got "}"/);
  const context = contextIn(serverTarget(), home);
  await expect(readProject(context, join(home, 'no.json'))).rejects.toThrow(/There is no .*no\.json\./);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { inDatabase } from '../restore/stage.ts';
import { concerns, contextAt, done, planned, takenBack } from '../role/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const here = () => contextAt(db.target(), home);
const holds = () =>
  inDatabase(
    db.database,
    async (session) => (await session.sql('SHOW log_min_duration_statement'))[0]?.log_min_duration_statement,
  );

test('slow statements of a database are logged, no longer, and as before', async () => {
  const before = await holds();
  const { plan, end } = await done('statements log', { over: '123ms', database: db.database }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(concerns(plan).join()).toMatch(/see who may read the log/);
  expect(await holds()).toBe('123ms');
  const off = await done('statements log', { over: 'reset', database: db.database }, here());
  expect(off.end, off.end.text).toMatchObject({ ok: true });
  expect(await holds()).toBe(before);
  const back = await takenBack(off.end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await holds()).toBe('123ms');
});

test('somebody is named, and a time', async () => {
  await expect(planned('statements log', { over: '1s' }, here())).rejects.toThrow(/whose statements/);
  const plan = await planned('statements log', { over: 'soon', database: db.database }, here());
  expect(concerns(plan).join()).toMatch(/block/);
});

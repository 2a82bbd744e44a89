import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { migration, projectIn } from '../../../ops/project/stage.ts';
import { blocks, contextIn, dropLike, inDatabase } from '../../../ops/restore/stage.ts';
import { concerns, done, planned, takenBack } from '../../../ops/role/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let home: string;
let db: TestDatabase;
let file: string;
let url: string;
let answer = 200;
const server = createServer((_, response) => {
  response.statusCode = answer;
  response.end();
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
});
afterAll(() => void server.close());
beforeEach(async () => {
  answer = 200;
  home = temporaryDirectory();
  db = await testDatabase();
  file = projectIn(home, {
    'pgdeck.setup.json': {
      migrations: { dir: 'migrations' },
      app: {
        restart: [process.execPath, '-e', "require('fs').appendFileSync('restarts', 'x')"],
        check: { url, wait_seconds: 1 },
      },
    },
    'migrations/0001_a.sql': migration('CREATE TABLE a (id int PRIMARY KEY)'),
  });
  await inDatabase(db.database, (session) => session.sql('CREATE TABLE t AS SELECT 1 AS n'));
  return () => dropLike(db.database);
});

const here = (): OpContext => contextIn(db.target(), home);
const upgrade = (more: Record<string, unknown> = {}) => done('db upgrade', { file, ...more }, here());
const relations = async () =>
  (
    await inDatabase(db.database, (session) =>
      session.sql("SELECT relname::text AS n FROM pg_class WHERE relname IN ('a', 'b', 't') ORDER BY 1"),
    )
  ).map(({ n }) => n);
const restarts = () => readFileSync(join(home, 'restarts'), 'utf8').length;

test('backed up, migrated, restarted, and seen to answer; and taken back', async () => {
  const { end, plan } = await upgrade();
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    ...['about', 'backup', 'migrate', 'analyze', 'restart', 'answers', 'settle', 'health', 'report'],
  ]);
  expect(await relations()).toEqual(['a', 't']);
  expect(restarts()).toBe(1);
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await relations()).toEqual(['t']);
  expect(restarts()).toBe(2);
  await expect(planned('db upgrade', { file, back: true }, here())).rejects.toThrow(/knows of no upgrade/);
}, 180_000);

test('one that fails in the middle names the way back; run again it goes on, with the same way back', async () => {
  projectIn(home, { 'migrations/0002_b.sql': migration('SELECT 1/0') });
  const failed = await upgrade();
  expect(failed.end).toMatchObject({
    status: 'failed',
    text: expect.stringContaining('division by zero'),
    state: expect.stringMatching(/stopped in the middle\. Upgrade it again: .* The way back is (\S+): undo/),
    undo: `pgdeck undo ${failed.end.run}`,
  });
  const [, backup] = /The way back is (\S+):/.exec(failed.end.state ?? '') ?? [];
  projectIn(home, { 'migrations/0002_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)') });
  const again = await upgrade();
  expect(again.plan.facts).toContainEqual({
    label: 'Goes on',
    value: `with ${failed.end.run}; the way back is its backup ${backup}`,
  });
  expect(again.end, again.end.text).toMatchObject({ ok: true });
  expect(await relations()).toEqual(['a', 'b', 't']);
  const plan = await planned('db upgrade', { file, back: true }, here());
  expect(plan).toMatchObject({ danger: 'type-name', subject: db.database });
  expect(plan.steps[0]?.preview).toContain(backup);
  expect((await carryOut(plan, here())).end).toMatchObject({ ok: true });
  expect(await relations()).toEqual(['t']);
}, 180_000);

test('an application that does not answer is a failure, and it comes back by itself where that was asked for', async () => {
  answer = 500;
  const { end, plan } = await upgrade({ on_failure: 'back' });
  expect(plan.danger).toBe('type-name');
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/has not answered as it should within 1 s: it answers 500\./),
    state: `${db.database} is as it was before the upgrade: what had been applied was taken back.`,
    undo: null,
  });
  expect(await relations()).toEqual(['t']);
  expect(restarts()).toBe(2);
}, 180_000);

test('what the migrations ask for is asked here, and what was not changed is not taken back', async () => {
  projectIn(home, { 'migrations/0001_a.sql': migration('DROP TABLE t') });
  const plan = await planned('db upgrade', { file }, here());
  expect(plan.danger).toBe('type-name');
  expect(blocks(plan).join()).toMatch(/drop_table/);
  const taken = await planned('db upgrade', { file, acknowledge: ['drop_table'] }, here());
  expect(blocks(taken)).toEqual([]);
  expect(concerns(taken).join()).toMatch(/warn drop_table/);
  const { end, events } = await carryOut(taken, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await relations()).toEqual([]);
  // the one that the upgrade has made is enough, and takes it back
  const tables = events.flatMap((event) => (event.type === 'result' ? [event.table.title] : []));
  expect(tables.filter((title) => title?.startsWith('Backup of'))).toHaveLength(1);
  expect((await takenBack(end.run, here())).end).toMatchObject({ ok: true });
  expect(await relations()).toEqual(['t']);
}, 180_000);

import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { connection, expectRestored, live, openConsole, run } from '../console.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await session.sql('CREATE TABLE public."库存" AS SELECT g AS id FROM generate_series(1, 1000) g');
});
afterAll(() => db?.drop());

const env = () => {
  const home = temporaryDirectory();
  return { XDG_STATE_HOME: `${home}/state`, XDG_DATA_HOME: `${home}/data` };
};

test('a backup from the form to the report on exit', async () => {
  const pty = await openConsole(db.target(), { cols: 80, rows: 24, env: env() });
  pty.press('b');
  await pty.waitFor(/Back up databases[\s\S]*Databases/);
  pty.press('enter');
  await pty.waitFor(/Checks {2}\d+ ok[\s\S]*Enter runs it/);
  pty.press('enter');
  await pty.waitFor(/DONE {2,}/, { timeout: 20_000 });
  pty.press('enter', '8');
  await pty.waitFor(/done +Back up test_/);
  pty.press('enter');
  await pty.waitFor(/Outcome/);
  pty.press('enter', 'q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expect(pty.text()).toContain(`Back up ${db.database}: done.`);
});

test('read-only: a backup changes nothing on the server, and can be made', async () => {
  const pty = await openConsole(db.target(), { args: ['--read-only'], env: env() });
  pty.press('b');
  await pty.waitFor(/ FORM /);
  pty.press('enter');
  await pty.waitFor(/Enter runs it/);
  pty.press('esc');
  await pty.waitFor(/ FORM /);
  pty.press('esc');
  await pty.waitFor(/Activity .* active/);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});

test('SIGTERM while it is running rolls back what was begun, and leaves nothing', async () => {
  const session = await client(db.target());
  await session.sql('BEGIN');
  await session.sql('LOCK TABLE public."库存"');
  const pty = run(connection(db.target()), { env: env() });
  const before = pty.modes();
  await live(pty);
  pty.press('b');
  await pty.waitFor(/Back up databases[\s\S]*Databases/);
  pty.press('enter');
  await pty.waitFor(/Enter runs it|Cannot run/);
  pty.press('enter');
  await pty.waitFor(/ RUN /);
  pty.kill('SIGTERM');
  expect((await pty.exit).code).toBe(143);
  expectRestored(pty, before);
  expect(pty.text()).toContain('cancelled');
  await session.sql('ROLLBACK');
});

test('what a killed console has left is marked, and u cleans up after it', async () => {
  const where = env();
  const killed = await openConsole(db.target(), { env: { ...where, PGDECK_CRASH_AT: 'verify' } });
  killed.press('b');
  await killed.waitFor(/Back up databases[\s\S]*Databases/);
  killed.press('enter');
  await killed.waitFor(/Enter runs it/);
  killed.press('enter');
  expect((await killed.exit).signal).toBe(9);
  const pty = await openConsole(db.target(), { cols: 80, rows: 24, env: where });
  pty.press('8');
  await pty.waitFor(/!interrupted[\s\S]*u recover/);
  pty.press('u');
  await pty.waitFor(/Clean up after[\s\S]*Enter asks/);
  pty.press('enter');
  await pty.waitFor(/\[No\]/);
  pty.press('y');
  await pty.waitFor(/DONE {2,}/);
  pty.press('enter');
  await pty.waitFor(/done +Clean up after[\s\S]*!interrupted.* recovered/);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});

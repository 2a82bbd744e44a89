import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/client.ts';
import { client, type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { pgdeck, temporaryDirectory } from '../support/program.ts';
import type { Pty } from '../support/terminal/pty.ts';
import { environment, live, run } from './console.ts';

let db: TestDatabase;
let admin: Session;
let victim: Session;
let config: string;
const state = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  admin = await client(db.target(), 'admin');
  victim = await client(db.target(), 'the-victim');
  await victim.sql('BEGIN');
  const { host, port, user, database } = db.target();
  config = join(temporaryDirectory(), 'config.json');
  const shop = { host, port, user, database, environment: 'production' };
  writeFileSync(config, JSON.stringify({ defaultProfile: 'shop', profiles: { shop } }));
});
afterAll(() => db.drop());

const header = (pty: Pty, wanted: RegExp) =>
  pty.waitFor(([first = '']) => wanted.test(first), { what: `${wanted}` });
const isThere = async () =>
  (await admin.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'the-victim'")).length > 0;

test('a production profile is armed by typing its name, the kill is done, it is disarmed; the journal says who and when', async () => {
  const pty = run(['--config', config], { cols: 120, rows: 30, env: { XDG_STATE_HOME: state } });
  await live(pty);
  await header(pty, / PRODUCTION .* RO /);
  pty.press('2');
  await pty.waitFor(/^. Activity/m);
  pty.press('/');
  pty.type(`app:the-victim db=${db.database}`);
  await pty.waitFor(new RegExp(`^▶ +${victim.pid} `, 'm'));
  pty.press('enter');
  pty.press('K');
  await pty.waitFor('read-only: W makes it writable for a while');
  expect(await isThere()).toBe(true);

  pty.press('W');
  await pty.waitFor('shop is read-only. Type its name to write to it for 10 minutes');
  pty.type('shopp');
  pty.press('enter');
  await pty.waitFor('That is not its name. It stays read-only.');
  pty.type('shop');
  pty.press('enter');
  // it counts down
  await header(pty, / PRODUCTION .* ARMED (9m5\ds|10m00s)/);
  await header(pty, / ARMED 9m5[0-8]s/);

  pty.press('K');
  await pty.waitFor(/\[No\]/);
  await pty.waitFor('y yes');
  pty.press('y');
  await until(async () => !(await isThere()), { what: 'the end of the session' });
  await pty.waitFor('Enter close');
  pty.press('enter');
  pty.press('W');
  await header(pty, / PRODUCTION .* RO /);
  pty.press('K');
  await pty.waitFor('read-only');
  pty.press('q');
  expect(await pty.exit).toMatchObject({ code: 0 });

  const env = environment({ XDG_STATE_HOME: state });
  const list = await pgdeck(['runs', 'list'], env);
  const line = list.stdout.split('\n').find((text) => / arm /.test(text)) ?? '';
  expect(line).toMatch(/ done +arm +Write to read-only shop until 20\d\d-\d\d-\d\dT/);
  expect(list.stdout).toMatch(/ done +terminate /);
  const shown = await pgdeck(['runs', 'show', line.split(' ')[0] ?? ''], env);
  expect(shown.stdout).toContain(`by ${userInfo().username}@`);
  expect(shown.stdout).toContain('1. Let role postgres write to shop: Read-only again after');
  expect(shown.stdout).toMatch(/Read-only again after \S+: W was pressed\./);
});

test('a lost connection ends it', async () => {
  const pty = run(['--config', config], { cols: 120, rows: 30, env: { XDG_STATE_HOME: state } });
  await live(pty);
  pty.press('W');
  await pty.waitFor('Type its name');
  pty.type('shop');
  pty.press('enter');
  await header(pty, / ARMED /);
  await admin.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgdeck%'",
  );
  await header(pty, / RO /);
  const env = environment({ XDG_STATE_HOME: state });
  const { stdout } = await pgdeck(['runs', 'list', '--json'], env);
  const { runs } = JSON.parse(stdout) as { runs: readonly { id: string; operation: string }[] };
  const shown = await pgdeck(
    ['runs', 'show', runs.find(({ operation }) => operation === 'arm')?.id ?? ''],
    env,
  );
  expect(shown.stdout).toContain(': the connection was lost.');
});

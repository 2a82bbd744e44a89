import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fleet } from '../../../src/app/fleet/fleet.ts';
import type { FleetRow } from '../../../src/app/fleet/row.ts';
import { ServerChoices } from '../../../src/app/servers/choices.ts';
import type { Session } from '../../../src/db/client.ts';
import { client, type TestDatabase, testDatabase, testServer } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
let watcher: Session;
/** Takes connections and says nothing. */
let mute: Server;
const held: Socket[] = [];
let file: string;
let fleet: Fleet | undefined;

beforeAll(async () => {
  db = await testDatabase();
  watcher = await client({ ...db.target(), database: 'postgres' });
  mute = createServer((socket) => held.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  file = join(temporaryDirectory(), 'config.json');
});
afterEach(() => fleet?.stop());
afterAll(async () => {
  for (const socket of held) socket.destroy();
  mute?.close();
  await db?.drop();
});

const { host, port } = { host: '127.0.0.1', port: 1 };
const profile = (more = {}) => ({
  host: testServer().host,
  port: testServer().port,
  user: 'postgres',
  database: db.database,
  ...more,
});
const of = (name: string): FleetRow => {
  const row = fleet?.rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`no ${name}`);
  return row;
};
function open(profiles: object): Fleet {
  writeFileSync(file, JSON.stringify({ profiles }));
  const choices = new ServerChoices({
    flags: {},
    env: { PGDECK_CONFIG: file, PGSSLMODE: 'disable', HOME: '/nowhere' },
  });
  fleet = new Fleet({ choices: () => choices.read() });
  fleet.show(true);
  return fleet;
}
const sessions = async () =>
  (
    await watcher.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'pgdeck-fleet'",
      [db.database],
    )
  ).map(({ pid }) => Number(pid));

test('each server is told as it is: up with its figures, away, silent at the login, without a password, not set up', async () => {
  const { port: mutePort } = mute.address() as { port: number };
  open({
    up: profile({ environment: 'production' }),
    gone: profile({ host, port }),
    mute: profile({ host, port: mutePort }),
    nobody: profile({ user: 'no_such_role' }),
    odd: { service: 'not there' },
  });
  await until(() => fleet?.settled, { what: 'that each is known', timeout: 15_000 });
  expect(of('up')).toMatchObject({ state: 'up', fresh: true, reason: '', environment: 'production' });
  const { figures } = of('up');
  expect(figures).toMatchObject({ standby: false, waiting: 0, lagSeconds: null });
  expect(figures?.version).toMatch(/^\d+\.\d+$/);
  expect(figures?.connections).toBeGreaterThan(0);
  expect(figures?.score).toBeGreaterThan(0);
  expect(figures?.coverage).toBeLessThan(100);
  expect(of('gone')).toMatchObject({ state: 'away', ageSeconds: null, fresh: false });
  expect(of('gone').reason).toMatch(/^Nothing accepts connections at /);
  expect(of('mute')).toMatchObject({ state: 'away', fresh: false });
  expect(of('nobody')).toMatchObject({ state: 'refused', fresh: false });
  expect(of('odd')).toMatchObject({ state: 'invalid', reason: expect.stringContaining('not there') });
});

test('one connection each, which is closed when nobody looks any more', async () => {
  open({ one: profile() });
  await until(() => of('one').state === 'up', { what: 'an answer' });
  expect(await sessions()).toHaveLength(1);
  await fleet?.stop();
  await until(async () => (await sessions()).length === 0, { what: 'its end' });
});

test('a server whose connection is ended is connected to again, and its old figures are never of now meanwhile', async () => {
  open({ one: profile() });
  await until(() => of('one').state === 'up', { what: 'an answer' });
  const [pid] = await sessions();
  const seen: FleetRow[] = [];
  await watcher.sql('SELECT pg_terminate_backend($1)', [pid]);
  await until(
    async () => {
      seen.push(of('one'));
      const [now] = await sessions();
      return now !== undefined && now !== pid && of('one').state === 'up';
    },
    { what: 'another connection' },
  );
  const away = seen.filter(({ state }) => state !== 'up');
  expect(away.length).toBeGreaterThan(0);
  expect(away.filter(({ fresh }) => fresh)).toEqual([]);
  expect(away.every(({ figures, ageSeconds }) => figures !== undefined && ageSeconds !== null)).toBe(true);
});

test('a backend that hangs is silent: its figures stay with their age, and the others go on', async () => {
  open({ hung: profile(), lively: profile() });
  await until(() => of('hung').state === 'up' && of('lively').state === 'up', { what: 'answers' });
  const [pid = 0] = (
    await watcher.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'pgdeck-fleet' ORDER BY backend_start LIMIT 1",
      [db.database],
    )
  ).map((row) => Number(row.pid));
  process.kill(pid, 'SIGSTOP');
  try {
    await until(() => of('hung').state === 'silent', { what: 'silence', timeout: 15_000 });
    expect(of('hung')).toMatchObject({
      fresh: false,
      reason: expect.stringMatching(/^It has not answered for /),
    });
    expect(of('hung').figures).toBeDefined();
    expect(of('hung').ageSeconds).toBeGreaterThan(3);
    const { ageSeconds } = of('hung');
    await until(() => (of('hung').ageSeconds ?? 0) > (ageSeconds ?? 0) + 1, { what: 'a greater age' });
    expect(of('lively')).toMatchObject({ state: 'up', fresh: true });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(() => of('hung').fresh, { what: 'that it answers again' });
});

test('what was refused is tried again only when somebody asks for it', async () => {
  const role = `${db.database}_late`;
  open({ late: profile({ user: role }) });
  await until(() => of('late').state === 'refused', { what: 'the refusal' });
  await watcher.sql(`CREATE ROLE ${role} LOGIN`);
  try {
    fleet?.again();
    await until(() => of('late').state === 'up', { what: 'the login' });
  } finally {
    await fleet?.stop();
    await watcher.sql(`DROP ROLE ${role}`);
  }
});

test('profiles that have gone from the settings are not watched any more, new ones are, and the others go on', async () => {
  open({ kept: profile(), gone: profile() });
  await until(() => of('kept').state === 'up' && of('gone').state === 'up', { what: 'answers' });
  const before = await sessions();
  writeFileSync(file, JSON.stringify({ profiles: { kept: profile(), added: profile() } }));
  fleet?.show(false);
  fleet?.show(true);
  expect(fleet?.rows.map(({ name, state }) => `${name} ${state}`)).toEqual(['kept up', 'added connecting']);
  await until(() => of('added').state === 'up', { what: 'the new one' });
  await until(async () => (await sessions()).length === 2, { what: 'the end of the one that has gone' });
  expect((await sessions()).filter((pid) => before.includes(pid))).toHaveLength(1);
  // while it is shown, too, once it is asked again; settings that cannot be read leave those that are known
  writeFileSync(file, JSON.stringify({ profiles: { kept: profile(), third: profile() } }));
  fleet?.again();
  expect(fleet?.rows.map(({ name }) => name)).toEqual(['kept', 'third']);
  writeFileSync(file, '{');
  fleet?.again();
  expect(fleet?.rows.map(({ name }) => name)).toEqual(['kept', 'third']);
});

test('asked again, a server is watched as it is set up by now, also where its place is the same', async () => {
  open({ same: profile(), other: profile({ sslmode: 'require' }) });
  await until(() => of('same').state === 'up' && of('other').state === 'away', { what: 'answers' });
  const before = await sessions();
  writeFileSync(
    file,
    JSON.stringify({ profiles: { same: profile(), other: profile({ environment: 'production' }) } }),
  );
  fleet?.again();
  await until(() => of('other').state === 'up', { what: 'the other without TLS' });
  expect(of('other').environment).toBe('production');
  // the one that was left as it was goes on
  expect(await sessions()).toEqual(expect.arrayContaining(before));
});

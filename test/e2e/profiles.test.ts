import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/program.ts';
import type { Pty } from '../support/terminal/pty.ts';
import { live, run } from './console.ts';

const PASSWORD = 'of ann';

let locked: Cluster;
let open: TestDatabase;
let config: string;
beforeAll(async () => {
  [locked, open] = await Promise.all([
    createCluster({ bin: inject('postgres').bin, password: 'of the superuser' }),
    testDatabase(),
  ]);
  const admin = await connect(locked.target(), 'workload');
  await admin.sql(`CREATE ROLE ann LOGIN PASSWORD '${PASSWORD}'`);
  await admin.close();
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  config = join(directory, 'config.json');
  const { host, port, database } = open.target();
  const ann = { host: locked.target().host, port: locked.port, user: 'ann', database: 'postgres' };
  writeFileSync(
    config,
    JSON.stringify({
      defaultProfile: 'open',
      profiles: { open: { host, port, user: 'postgres', database }, locked: ann },
    }),
  );
});
afterAll(() => Promise.all([locked?.remove(), open?.drop()]));

/** The server that the header names, and figures of it. */
const on = (pty: Pty, name: string) =>
  pty.waitFor(([first = '', second = '']) => first.startsWith(` ${name} `) && /conns !*\d/.test(second), {
    what: `figures of ${name}`,
  });

// wide enough for a sentence on one line
const size = { cols: 200, rows: 24 };

test('another server is opened by its name: its password is asked for, refused, given, and not asked for again', async () => {
  const pty = run(['--config', config], size);
  await on(pty, 'open');
  const wanted = async () => {
    pty.press(':');
    await pty.waitFor(/^ :/m);
    pty.type('locked');
    await pty.waitFor('Switch to locked');
    pty.press('enter');
  };

  // nobody gives one: the console stays where it is
  await wanted();
  await pty.waitFor('Password for profile locked, ann@127.0.0.1:');
  pty.press('esc');
  await pty.waitFor('locked was not opened: The server asks for a password for ann.');
  pty.press('esc');
  // a key that follows Esc at once is another one to a terminal
  await pty.waitFor(
    (screen) => screen[0]?.startsWith(' open ') === true && !screen.join().includes('Server:'),
  );

  await wanted();
  await pty.waitFor(/Password for profile locked, ann@.*\n Password:$/m);
  pty.type('wrong');
  await pty.waitFor('Password: *****');
  pty.press('enter');
  await pty.waitFor(/That was refused\. Password for profile locked, ann@.*\n Password:$/m);
  pty.type(PASSWORD);
  await pty.waitFor(`Password: ${'*'.repeat(PASSWORD.length)}`);
  pty.press('enter');
  await on(pty, 'locked');

  pty.press(':');
  pty.type('open');
  await pty.waitFor('Switch to open');
  pty.press('enter');
  await on(pty, 'open');
  // what was typed holds as long as the program runs
  await wanted();
  await on(pty, 'locked');
  expect(pty.bytes()).not.toContain(PASSWORD);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});

test('the frame is whole after a change, and nothing of the server before stands in it', async () => {
  const pty = run(['--config', config, '--profile', 'locked'], {
    ...size,
    env: { PGPASSWORD: PASSWORD },
  });
  await live(pty);
  pty.press('3');
  await pty.waitFor(/^▶?\s*Locks/m);
  pty.press(':');
  pty.type('open');
  await pty.waitFor('Switch to open');
  pty.press('enter');
  const screen = await on(pty, 'open');
  expect(screen[0]).toMatch(/^ open {3}postgres@/);
  expect(screen.filter((line) => line.includes('ann@'))).toEqual([]);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});

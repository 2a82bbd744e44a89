import { once } from 'node:events';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '../../src/db/client.ts';
import type { Target } from '../../src/db/target.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { connection, expectRestored, live, run } from './console.ts';

const PASSWORD = 'right: ß 密码';

let cluster: Cluster;
let target: Target;
beforeAll(async () => {
  cluster = await createCluster({ bin: inject('postgres').bin, password: 'of the superuser' });
  const admin = await connect(cluster.target(), 'workload');
  await admin.sql(`CREATE ROLE ann LOGIN PASSWORD '${PASSWORD}'`);
  await admin.close();
  target = cluster.target({ user: 'ann' });
});
afterAll(() => cluster.remove());

// wide enough for a sentence on one line
const size = { cols: 200, rows: 24 };

test('a missing password is asked for on the screen, once for all connections, and never shown', async () => {
  const pty = run(connection(target), size);
  await pty.waitFor(/Password for ann@127\.0\.0\.1:\d+\/\w+:/);
  pty.type(PASSWORD);
  await pty.waitFor(`Password: ${'*'.repeat(PASSWORD.length)}`);
  pty.press('enter');
  await live(pty);
  expect(pty.bytes()).not.toContain(PASSWORD);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});

test('three wrong passwords end with one sentence and 3, the terminal as it was', async () => {
  const pty = run(connection(target), size);
  const before = pty.modes();
  await pty.waitFor('Password for ann');
  for (let attempt = 1; attempt <= 3; attempt++) {
    await pty.waitFor(attempt === 1 ? /Password:$/m : /That was refused\. Password for ann.*\n Password:$/m);
    pty.type('wrong');
    await pty.waitFor('Password: *****');
    pty.press('enter');
  }
  expect(await pty.exit).toEqual({ code: 3, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toMatch(/^pgdeck: ann@\S+ refused the login: password authentication failed/);
});

test('Esc gives up: one sentence and 3', async () => {
  const pty = run(connection(target), size);
  await pty.waitFor('Password for ann');
  pty.press('esc');
  expect(await pty.exit).toEqual({ code: 3, signal: 0 });
  expect(pty.text()).toMatch(/^pgdeck: The server asks for a password for ann\./);
});

test('somebody who types longer than a connection may take is let in all the same', async () => {
  const { promise: firstEnded, resolve } = Promise.withResolvers<void>();
  const proxy = createServer((near) => {
    const far = connectTo(cluster.port, '127.0.0.1');
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.once('close', resolve).pipe(far).pipe(near);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  const pty = run(connection({ ...target, port }), {
    ...size,
    env: { PGCONNECT_TIMEOUT: '1', PGSSLMODE: 'disable' },
  });
  await pty.waitFor('Password for ann');
  await firstEnded;
  pty.type(PASSWORD);
  pty.press('enter');
  await live(pty);
  pty.press('q');
  await pty.exit;
  proxy.close();
});

test.each([
  [
    'an unknown host',
    { host: 'no-such-host.invalid' },
    'The host name no-such-host.invalid cannot be resolved.',
  ],
  ['a port where nobody listens', { port: 1 }, 'Nothing accepts connections at ann@127.0.0.1:1/postgres.'],
  ['an unknown database', { database: 'nowhere' }, 'The database nowhere does not exist on'],
  ['an unknown role', { user: 'nobody' }, 'nobody@'],
] as const)('%s: one sentence and 3, the terminal as it was', async (_, wrong, sentence) => {
  const pty = run(connection({ ...target, ...wrong }), { ...size, env: { PGPASSWORD: PASSWORD } });
  const before = pty.modes();
  expect(await pty.exit).toEqual({ code: 3, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toMatch(/^pgdeck: .*\.$/);
  expect(pty.text()).toContain(sentence);
});

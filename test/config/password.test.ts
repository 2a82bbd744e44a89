import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { passwords, withPassword } from '../../src/config/password.ts';
import { connect } from '../../src/db/client.ts';
import { DbError } from '../../src/db/errors.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { until } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ bin: inject('postgres').bin, password: 'geheim' });
});
afterAll(() => cluster.remove());

async function open(answers: string[], known?: string): Promise<{ asked: number; error?: unknown }> {
  let asked = 0;
  const source = passwords(
    () => known,
    async () => answers[asked++],
  );
  const target = cluster.target({ password: source.get });
  try {
    const session = await withPassword(source, () => connect(target, 'fast'));
    await session.close();
    return { asked };
  } catch (error) {
    return { asked, error };
  }
}

test('a wrong password that was typed is asked for again, three times at most', async () => {
  expect(await open(['wrong', 'geheim'])).toEqual({ asked: 2 });
  const refused = await open(['a', 'b', 'c', 'geheim']);
  expect(refused).toEqual({ asked: 3, error: expect.any(DbError) });
  expect(refused.error).toMatchObject({ kind: 'auth', code: '28P01' });
});

test('a wrong password that was not typed is not asked for', async () => {
  expect(await open(['geheim'], 'wrong')).toMatchObject({ asked: 0, error: { kind: 'auth' } });
});

function connection(): string[] {
  const { host, port, user, database } = cluster.target();
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
}

test('without a terminal nobody is asked: exit 3 and what to do', async () => {
  const { code, stderr } = await pgdeck(['profile', 'test', ...connection()], cleanEnvironment(home));
  expect(code).toBe(3);
  expect(stderr).toMatch(/^pgdeck: The server asks for a password for \w+\. Set PGPASSWORD/);
});

test('a password in the URL works, with a warning, and is told nowhere', async () => {
  const { host, port, user } = cluster.target();
  const url = `postgres://${user}:geheim@/postgres?host=${encodeURIComponent(host)}&port=${port}`;
  const env = cleanEnvironment(home, { PGDECK_DEBUG: '1' });
  const good = await pgdeck(['profile', 'test', '--url', url], env);
  expect(good.code).toBe(0);
  expect(good.stderr).toContain('can be seen by other users');
  const bad = await pgdeck(['profile', 'test', '--url', url.replace('geheim', 'verkehrt')], env);
  expect(bad.code).toBe(3);
  expect(good.stdout + good.stderr + bad.stdout + bad.stderr).not.toMatch(/geheim|verkehrt/);
});

test('in a terminal the prompt asks, masked, and again after a refusal', async () => {
  const child = spawn(process.execPath, [MAIN, 'profile', 'test', '--json', ...connection()], {
    env: cleanEnvironment(home, { TERM: 'xterm' }),
    cols: 200,
  });
  let screen = '';
  let code: number | undefined;
  child.onData((data) => {
    screen += data;
  });
  child.onExit(({ exitCode }) => {
    code = exitCode;
  });
  try {
    await until(() => screen.includes('Password for'), { what: 'the prompt', timeout: 10_000 });
    child.write('verkehrt\r');
    await until(() => screen.includes('That was refused. Password for'), { what: 'the second prompt' });
    child.write('geheim\r');
    await until(() => code !== undefined, { what: 'the end of the program' });
  } finally {
    if (code === undefined) child.kill();
  }
  expect(code).toBe(0);
  expect(screen).not.toMatch(/geheim|verkehrt/);
  expect(screen).toContain('********');
  expect(screen).toContain('"state": "primary"');
});

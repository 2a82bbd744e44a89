import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverTarget } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { freePort, NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';

describe.skipIf(NO_SSHD !== undefined)(`a server behind ssh${NO_SSHD ? ` (${NO_SSHD})` : ''}`, () => {
  const home = temporaryDirectory();
  const file = join(home, 'settings.json');
  const env = cleanEnvironment(home, { PGDECK_CONFIG: file });
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  function configure(more: { port?: number; config?: string }): void {
    const { user, database, port } = serverTarget();
    const runs_on = {
      kind: 'ssh',
      destination: sshd.destination,
      config: more.config ?? sshd.config,
      tunnel: true,
      host: '127.0.0.1',
      port: more.port ?? port,
    };
    const profile = { host: 'db1.invalid', user, database, sslmode: 'disable', runs_on };
    writeFileSync(file, JSON.stringify({ profiles: { far: profile } }));
  }

  async function tested(more: { port?: number; config?: string }) {
    configure(more);
    const { code, stdout } = await pgdeckHere(['profile', 'test', 'far', '--json'], env);
    const { hops, ...found } = JSON.parse(stdout).test;
    const status = (wanted: string) =>
      hops.filter((hop: { status: string }) => hop.status === wanted).map(({ hop }: { hop: string }) => hop);
    return { code, hops, found, ok: status('ok'), failed: status('failed'), untried: status('not tried') };
  }

  test('each hop is tried, and what depends on none that failed is gone on with', async () => {
    const { found, ok, hops } = await tested({});
    expect(ok).toEqual(
      expect.arrayContaining([
        'ssh on this machine',
        'ssh db1',
        'shell there',
        'tunnel',
        'database',
        'programs there',
      ]),
    );
    expect(hops).toContainEqual(expect.objectContaining({ hop: 'temporary files there', status: 'ok' }));
    expect(found).toMatchObject({ name: 'far', state: 'primary' });
  });

  test('a server that does not run there: the machine is reached, the database is not', async () => {
    const port = await freePort();
    const { code, hops, ok, failed, untried } = await tested({ port });
    expect(code).toBe(3);
    expect(ok).toEqual(expect.arrayContaining(['ssh db1', 'tunnel', 'temporary files there']));
    expect(failed).toEqual(['database']);
    expect(untried).toEqual(['programs there', 'the same server from there', 'data directory there']);
    expect(hops).toContainEqual({
      hop: 'database',
      status: 'failed',
      detail: expect.stringContaining(
        `ssh db1 is there, but nothing accepts connections at 127.0.0.1:${port}`,
      ),
    });
  });

  test('a machine that lets nobody in: the hop says so with the next step, and nothing behind it is tried', async () => {
    const config = sshd.configWith('config-shut', ['PubkeyAuthentication no']);
    const { code, hops, ok, untried } = await tested({ config });
    expect(code).toBe(3);
    expect(ok).toEqual(['ssh on this machine']);
    expect(untried).toEqual(expect.arrayContaining(['shell there', 'database', 'programs there']));
    expect(hops).toContainEqual({
      hop: 'ssh db1',
      status: 'failed',
      detail: expect.stringMatching(/it let nobody in .* must get in without a question\./),
    });
  });

  test('list and show tell where it runs', async () => {
    configure({});
    expect((await pgdeckHere(['profile', 'list'], env)).stdout).toMatch(/RUNS ON\n.*ssh db1/);
    expect((await pgdeckHere(['profile', 'show', 'far'], env)).stdout).toMatch(
      /runs_on +ssh db1, connections too +profile far/,
    );
    const { stdout } = await pgdeckHere(['profile', 'show', 'far', '--json'], env);
    expect(JSON.parse(stdout).profile.runs_on).toMatchObject({
      kind: 'ssh',
      destination: 'db1',
      tunnel: true,
    });
  });

  test('in the fleet it is one beside others, and a machine that lets nobody in is its reason alone', async () => {
    configure({});
    const { far } = JSON.parse(readFileSync(file, 'utf8')).profiles;
    const shut = sshd.configWith('config-shut', ['PubkeyAuthentication no']);
    const { user, database, port } = serverTarget();
    const here = { host: '127.0.0.1', port, user, database, sslmode: 'disable' };
    const nobody = { ...far, runs_on: { ...far.runs_on, config: shut } };
    writeFileSync(file, JSON.stringify({ profiles: { far, here, nobody } }));
    const { code, stdout, stderr } = await pgdeckHere(['show', 'fleet', '--json'], env);
    expect(stderr).toBe('');
    expect(code).toBe(3);
    const rows: { profile: string; state: string; reason: string | null }[] = JSON.parse(stdout).rows;
    expect(rows.map(({ profile, state }) => `${profile} ${state}`).toSorted()).toEqual([
      'far up',
      'here up',
      'nobody away',
    ]);
    expect(rows.find(({ profile }) => profile === 'nobody')?.reason).toMatch(/ssh db1/);
  });

  test('every command goes through the tunnel, and a hop that is down is the reason that it gives', async () => {
    configure({});
    const shown = await pgdeckHere(['--profile', 'far', 'show', 'database', '--json'], env);
    expect(shown).toMatchObject({ code: 0 });
    configure({ config: sshd.configWith('config-port', ['Port 1']) });
    const { code, stderr } = await pgdeckHere(['--profile', 'far', 'show', 'database'], env);
    expect(code).toBe(3);
    expect(stderr).toContain('ssh db1 is down: nothing accepts connections at 127.0.0.1 port 1.');
  });

  test('add takes a destination, and refuses what could be an option or a second place', async () => {
    writeFileSync(file, '{}');
    const add = (...words: string[]) => pgdeckHere(['profile', 'add', 'x', ...words], env);
    expect(await add('--ssh', '-oProxyCommand=x')).toMatchObject({ code: 2 });
    expect(await add('--ssh', 'db1', '--docker', 'c')).toMatchObject({ code: 2 });
    expect(await add('--tunnel', '-h', 'db')).toMatchObject({ code: 2 });
    expect(await add('--ssh', 'me@db1', '--tunnel', '-d', 'shop')).toMatchObject({ code: 0 });
    const { stdout } = await pgdeckHere(['profile', 'list', '--json'], env);
    expect(JSON.parse(stdout).profiles).toMatchObject([
      { host: 'localhost', database: 'shop', runs_on: { kind: 'ssh', destination: 'me@db1', tunnel: true } },
    ]);
  });
});

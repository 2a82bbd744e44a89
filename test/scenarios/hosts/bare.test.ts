import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { versionedParents } from '../../../src/hosts/installations.ts';
import { describeDocker, postgresContainer, type TestPostgres } from '../../support/docker/docker.ts';
import { clusterInMemory } from '../../support/memory.ts';
import { cleanEnvironment, MAIN, type Outcome, temporaryDirectory } from '../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';
import { inside, type Through } from './ops/stage.ts';

vi.setConfig({ testTimeout: 300_000 });

const PASSWORD = 'p w\\:"\'$x客';
/** What pgdeck needs of this machine beside Node, for both ways. */
const PROGRAMS = ['docker', 'ssh', 'sh', 'cat', 'sleep'];
const PARENTS = versionedParents
  .map(({ parent }) => parent)
  .filter((parent) => parent !== '/usr' && existsSync(parent));
/** Puts nothing where installations lie beside each other, for what it then runs and for nobody else. */
const HIDE = `hide() { for one do PATH=/usr/bin:/bin mount -t tmpfs none "$one" || exit 99; done; }
hide ${PARENTS.join(' ')}
exec "$@"`;
const UNSHARE = '/usr/bin/unshare';
const hidden = (words: readonly string[]) => ['-m', '/bin/sh', '-c', HIDE, 'sh', ...words];
const MAY_HIDE = spawnSync(UNSHARE, hidden(['true'])).status === 0;

describe.skipIf(!MAY_HIDE)('the program on a machine without PostgreSQL', () => {
  const home = temporaryDirectory();
  const bin = join(home, 'bin');
  const file = join(home, 'settings.json');
  const env = {
    ...cleanEnvironment(home, {
      PGDECK_CONFIG: file,
      BACKUP_DIR: join(home, 'backups'),
      PGPASSWORD: PASSWORD,
    }),
    ...(process.env.DOCKER_HOST && { DOCKER_HOST: process.env.DOCKER_HOST }),
    PATH: bin,
  };
  mkdirSync(bin);
  const directories = (process.env.PATH ?? '').split(':');
  for (const name of PROGRAMS) {
    const found = directories.map((one) => join(one, name)).find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(bin, name));
  }

  /** Runs words where nothing of PostgreSQL is, to their end. */
  function without(...words: readonly string[]): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const child = spawn(UNSHARE, hidden([process.execPath, ...words]), {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    return promise;
  }

  async function story(place: Through): Promise<void> {
    await inside(place, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
    const rows = async () =>
      (await inside(place, 'shop', (session) => session.sql('SELECT count(*)::int AS rows FROM t')))[0]?.rows;
    await inside(place, 'shop', (session) =>
      session.sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i'),
    );
    const { host, port, user } = place.target();
    const far = { host, port, user, database: 'shop', sslmode: 'disable', runs_on: place.runsOn };
    writeFileSync(file, JSON.stringify({ profiles: { far }, defaultProfile: 'far' }));
    const ok = async (...args: string[]) => {
      const { code, stdout, stderr } = await without(MAIN, ...args);
      expect(code, `${args.join(' ')}: ${stderr}${stdout}`).toBe(0);
      expect(stdout + stderr).not.toContain(PASSWORD);
      return stdout;
    };
    await ok('backup', '--yes');
    await ok('backups', 'verify', 'newest', '-d', 'shop', '--level', 'restore', '--yes');
    await inside(place, 'shop', (session) => session.sql('DELETE FROM t'));
    const told = await ok('restore', 'newest', '-d', 'shop', '--confirm', 'shop');
    expect(await rows()).toBe(1000);
    const [, id = ''] = /undo (\d{8}T\w+-\w+)/.exec(told) ?? [];
    await ok('undo', id, '--confirm', 'shop');
    expect(await rows()).toBe(0);
  }

  test('nothing of PostgreSQL is to be found, as far as it looks', async () => {
    const look = `const { existsSync, readdirSync } = require('node:fs');
      const parents = ${JSON.stringify(PARENTS)};
      console.log(parents.flatMap((one) => (existsSync(one) ? readdirSync(one) : [])), process.env.PATH)`;
    expect(await without('-e', look)).toMatchObject({ code: 0, stdout: `[] ${bin}\n` });
  });

  describeDocker('with the server in a container', () => {
    let server: TestPostgres;
    beforeAll(async () => {
      server = await postgresContainer({ password: PASSWORD });
    });
    afterAll(() => server?.remove());

    test('backs up, verifies, restores and undoes', () => story(server));
  });

  describe.skipIf(NO_SSHD !== undefined)('with the server behind ssh', () => {
    let cluster: Cluster;
    let sshd: Sshd;
    beforeAll(async () => {
      [cluster, sshd] = await Promise.all([
        clusterInMemory({ bin: inject('postgres').bin, password: PASSWORD }),
        startSshd(),
      ]);
    });
    afterAll(async () => {
      await sshd?.stop();
      await cluster?.remove();
    });

    test('backs up, verifies, restores and undoes', () => {
      const { destination, config } = sshd;
      return story({
        runsOn: { kind: 'ssh', destination, config, tunnel: true, host: '127.0.0.1', port: cluster.port },
        target: (overrides) => cluster.target({ host: '127.0.0.1', ...overrides }),
      });
    });
  });
});

import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import { Tunnel } from '../../../src/hosts/ssh/tunnel.ts';
import { serverTarget } from '../../support/cluster.ts';
import { freePort, NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';
import { until } from '../../support/until.ts';

describe.skipIf(NO_SSHD !== undefined)(
  `a tunnel through a real sshd${NO_SSHD ? ` (${NO_SSHD})` : ''}`,
  () => {
    let sshd: Sshd;
    const open: Tunnel[] = [];
    beforeAll(async () => {
      sshd = await startSshd();
    });
    afterEach(async () => {
      for (const tunnel of open.splice(0)) await tunnel.close();
    });
    afterAll(() => sshd.stop());

    const tunnel = (
      beyond: { host?: string; port?: number } = {},
      place: { destination?: string; config?: string } = {},
    ) => {
      const made = new Tunnel(
        { destination: sshd.destination, config: sshd.config, ...place },
        { host: '127.0.0.1', port: serverTarget().port, ...beyond },
      );
      open.push(made);
      return made;
    };
    // the address is that of another machine: nothing but the tunnel leads to the server
    const through = (via: Tunnel): Target => ({ ...serverTarget(), host: 'db1.invalid', port: 5432, via });
    const socketOf = (via: Tunnel) => (via.state.state === 'up' ? via.state.at : undefined);

    test('the server is reached through it, by way of a socket that nobody else may enter', async () => {
      const via = tunnel();
      const session = await connect(through(via), 'fast');
      expect(await session.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      const socket = socketOf(via) ?? '';
      expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
      await session.close();
    });

    test('one that is killed is told by its name, and the next connection finds it open again', async () => {
      const via = tunnel();
      const session = await connect(through(via), 'fast');
      const before = socketOf(via) ?? '';
      const lost = new Promise<Error>((resolve) => session.onLost(resolve));
      killServing(before);
      expect(await lost).toMatchObject({ kind: 'lost', message: 'The connection through ssh db1 broke.' });
      const again = await until(() => connect(through(via), 'fast'), { what: 'a connection' });
      expect(socketOf(via)).not.toBe(before);
      await again.close();
    });

    test('while the machine is down the hop is named, and it is tried again until it is back', async () => {
      const via = tunnel();
      await (await connect(through(via), 'fast')).close();
      await sshd.kill();
      try {
        // the first one may say only that the connection broke
        const said = await until(() => connect(through(via), 'fast').catch(whenSaid(/nothing accepts/)), {
          what: 'the reason',
        });
        expect(said).toMatchObject({
          kind: 'unreachable',
          message: `ssh db1 is down: nothing accepts connections at 127.0.0.1 port ${sshd.port}.`,
          next: 'Check that sshd is running there, and the port.',
        });
      } finally {
        await sshd.start();
      }
      const session = await until(() => connect(through(via), 'fast'), {
        what: 'a connection',
        timeout: 15_000,
      });
      await session.close();
    });

    test('who wants a connection does not wait for the pause before the next attempt', async () => {
      const via = tunnel();
      await (await connect(through(via), 'fast')).close();
      await sshd.kill();
      // the pause grows with each failure
      await until(() => via.state.state === 'down' && via.state.retryAt - Date.now() > 3_000, {
        what: 'a long pause',
        timeout: 20_000,
      });
      const { state } = via;
      await sshd.start();
      await until(() => connect(through(via), 'fast').then((session) => session.close().then(() => true)), {
        what: 'a connection',
        timeout: 3_000,
      });
      expect(state.state === 'down' && state.retryAt).toBeGreaterThan(Date.now());
    });

    test('a server that does not run beyond it is told apart from a machine that is down', async () => {
      const port = await freePort();
      await expect(connect(through(tunnel({ port })), 'fast')).rejects.toMatchObject({
        kind: 'unreachable',
        message: `ssh db1 is there, but nothing accepts connections at 127.0.0.1:${port} from it (Connection refused).`,
      });
    });

    test('a socket there is reached, too', async () => {
      const { host, port } = serverTarget();
      const [row] = await withSession(through(tunnel()), 'SHOW unix_socket_directories');
      const directory = String(row?.unix_socket_directories ?? host).split(',')[0] ?? '';
      if (directory === '') return;
      expect(await withSession(through(tunnel({ host: directory, port })), 'SELECT 1 AS one')).toEqual([
        { one: 1 },
      ]);
    });

    test('it ends with the process that opened it, also when that is killed', async () => {
      const script = `
      const { Tunnel } = await import(${JSON.stringify(new URL('../../../src/hosts/ssh/tunnel.ts', import.meta.url).href)});
      const tunnel = new Tunnel(${JSON.stringify({ destination: sshd.destination, config: sshd.config })}, { host: '127.0.0.1', port: 1 });
      await tunnel.open();
      process.kill(process.pid, 'SIGKILL');`;
      const killed = () =>
        execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' });
      expect(killed).toThrow();
      await until(() => serving(`127.0.0.1:1 -- `).length === 0, { what: 'the end of its ssh' });
    });

    test.each([
      ['a host key that is not known', ['UserKnownHostsFile /dev/null'], /its host key is not known here/],
      ['no key that is taken', ['PubkeyAuthentication no'], /it let nobody in \(it takes publickey\)/],
    ])('%s has its sentence', async (_what, lines, message) => {
      const config = sshd.configWith(`config-${lines[0]?.split(' ')[0]}`, lines);
      await expect(tunnel({}, { config }).open()).rejects.toThrow(message);
    });

    test('a name that is not resolved has its sentence', async () => {
      await expect(tunnel({}, { destination: 'nowhere.invalid' }).open()).rejects.toThrow(
        'ssh nowhere.invalid is down: the name nowhere.invalid cannot be resolved.',
      );
    });
  },
);

/** Processes of this machine whose command line holds a text. */
function serving(text: string): number[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /^\s*\d+ ssh /.test(line) && line.includes(text))
    .map((line) => Number.parseInt(line, 10));
}

function killServing(socket: string): void {
  for (const pid of serving(socket)) process.kill(pid, 'SIGKILL');
}

/** The error, once it says so. */
function whenSaid(pattern: RegExp): (error: Error) => Error | undefined {
  return (error) => (pattern.test(error.message) ? error : undefined);
}

async function withSession(target: Target, sql: string): Promise<Record<string, unknown>[]> {
  const session = await connect(target, 'fast');
  try {
    return await session.sql(sql);
  } finally {
    await session.close();
  }
}

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { start } from '../../../src/hosts/local.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { container, describeDocker, type TestContainer } from '../../support/docker/docker.ts';
import { until } from '../../support/until.ts';

const VICTIM = fileURLToPath(new URL('../../support/ways/victim.ts', import.meta.url));

/** What of this machine's processes, in containers too, has a text in a file of /proc. */
function processesWith(text: string, file: 'cmdline' | 'environ'): { pid: number; command: string }[] {
  const read = (pid: string, name: string) => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'latin1');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && read(name, file).includes(text))
    .map((name) => ({ pid: Number(name), command: read(name, 'cmdline').split('\0').join(' ').trim() }));
}

describeDocker.each(['dash', 'bash', 'busybox'] as const)('in a container with %s', (image) => {
  let one: TestContainer;
  let host: Host;
  const empty = () =>
    until(async () => (await one.processes()).length === 0, { what: 'an empty container', timeout: 10_000 });
  beforeAll(async () => {
    one = await container({ image });
    host = await openHost(one.runsOn);
  });
  afterAll(() => one.remove());

  test('a cancelled command leaves nothing', async () => {
    const stop = new AbortController();
    const run = host.run('sh', ['-c', 'sleep 1000 & echo; sleep 1001'], {
      signal: stop.signal,
      onLine: () => stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    await empty();
  });

  test('a killed client fails the command, and nothing is left', async () => {
    const run = host.run('sh', ['-c', 'echo; sleep 1000'], {
      onLine: () => {
        for (const { pid, command } of processesWith(one.id, 'cmdline'))
          if (command.startsWith('docker exec')) process.kill(pid, 'SIGKILL');
      },
    });
    await expect(run).rejects.toMatchObject({ kind: 'gone' });
    await empty();
  });

  test('when this program is killed, nothing is left: no process, no file', async () => {
    const victim = await start(process.execPath, [VICTIM, one.name]);
    await until(
      async () => {
        const all = (await one.processes()).join('\n');
        const files = await one.exec('sh', '-c', 'ls /tmp/*/copy');
        return (
          files !== '' && ['1001', '1002', '1003', '1004'].every((word) => all.includes(`sleep ${word}`))
        );
      },
      { what: 'commands at work', timeout: 15_000 },
    );
    victim.signal('SIGKILL');
    await victim.exited;
    await empty();
    expect(await one.exec('ls', '-A', '/tmp')).toBe('');
  });

  test('a secret stands in the program’s own environment and nowhere else', async () => {
    const secret = `s3cret-${randomBytes(8).toString('hex')}`;
    const stop = new AbortController();
    const found = new Promise<[string[], string[]]>((resolve) => {
      const run = host.run('sh', ['-c', 'echo "$PGPASSWORD"; exec sleep 1005'], {
        env: { PGPASSWORD: secret },
        signal: stop.signal,
        onLine: (line) => {
          if (line !== secret) return;
          resolve([
            processesWith(secret, 'environ').map(({ command }) => command),
            processesWith(secret, 'cmdline').map(({ command }) => command),
          ]);
          stop.abort();
        },
      });
      run.catch(() => {});
    });
    const [environ, cmdline] = await found;
    expect(cmdline).toEqual([]);
    expect(environ.filter((command) => !/sleep 1005/.test(command))).toEqual([]);
    await empty();
    expect(await one.exec('sh', '-c', `grep -rl ${secret.slice(0, 12)} /tmp /root /run /var || true`)).toBe(
      '',
    );
  });
});

describeDocker('a container without a shell', () => {
  test('says so', async () => {
    const one = await container({ image: 'none' });
    try {
      await expect(openHost(one.runsOn)).rejects.toMatchObject({
        kind: 'missing',
        message: expect.stringMatching(/no shell/),
      });
    } finally {
      await one.remove();
    }
  });
});

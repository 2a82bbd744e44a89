import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import type { Host } from '../../../src/hosts/host.ts';
import { start } from '../../../src/hosts/local.ts';
import { openHost } from '../../../src/hosts/open.ts';
import {
  container,
  describeDocker,
  dockerOk,
  postgresContainer,
  type TestContainer,
  type TestPostgres,
} from '../../support/docker/docker.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const PUTTER = fileURLToPath(new URL('../../support/ways/putter.ts', import.meta.url));
/** Bytes of what never comes whole; it takes no room here. */
const ENDLESS = 8_000_000_000;
const BYTES = randomBytes(40_000_001);

const size = async (one: TestContainer, path: string) =>
  Number(await one.exec('sh', '-c', `[ ! -e '${path}' ] || stat -c %s '${path}'`).catch(() => '0'));
const middle = (one: TestContainer, path: string) =>
  until(async () => (await size(one, path)) > 50_000_000, { what: 'a copy in its middle', timeout: 20_000 });

/** The clients here whose command line holds a text. */
function clients(id: string, text: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return line.startsWith('docker\0exec') && line.includes(id) && line.includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Files that are there at `/tmp/half`, killed in the middle by themselves. */
async function killed(one: TestContainer, from: string): Promise<void> {
  const putter = await start(process.execPath, [PUTTER, one.name, from, '/tmp/half']);
  await middle(one, '/tmp/half');
  putter.signal('SIGKILL');
  await putter.exited;
}

describeDocker.each(['postgres', 'dash', 'bash', 'busybox'] as const)('a large file for %s', (image) => {
  let one: TestContainer;
  let host: Host;
  let here: string;
  let endless: string;
  /** Neither a process nor a file is there. */
  const nothing = async () => {
    await until(async () => (await one.processes()).length === 0, {
      what: 'an empty container',
      timeout: 10_000,
    });
    expect(await one.exec('ls', '-A', '/tmp')).toBe('');
  };
  beforeAll(async () => {
    const directory = temporaryDirectory();
    here = join(directory, 'here');
    endless = join(directory, 'endless');
    writeFileSync(here, BYTES);
    writeFileSync(endless, '');
    truncateSync(endless, ENDLESS);
    one = await container({ image, args: ['--tmpfs=/small:size=8m'] });
    host = await openHost(one.runsOn);
  });
  afterAll(() => one.remove());

  test('comes whole, to a path that holds anything', async () => {
    const to = `/tmp/it's "a\nfile"\n`;
    expect(await host.transfer?.put(here, to)).toEqual({ bytes: BYTES.length });
    const back = join(temporaryDirectory(), 'back');
    await host.transfer?.get(to, back);
    expect(readFileSync(back).equals(BYTES)).toBe(true);
    await expect(host.transfer?.put(here, to)).rejects.toMatchObject({ code: 'EEXIST' });
    await host.files.remove(to);
    await nothing();
  });

  test('says that there is no room, and leaves nothing', async () => {
    await expect(host.transfer?.put(here, '/small/full')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await one.exec('ls', '-A', '/small')).toBe('');
  });

  test('leaves nothing when it is cancelled', async () => {
    const stop = new AbortController();
    const copy = host.transfer?.put(endless, '/tmp/half', { signal: stop.signal });
    copy?.catch(() => {});
    await middle(one, '/tmp/half');
    stop.abort();
    await expect(copy).rejects.toMatchObject({ kind: 'cancelled' });
    await nothing();
  });

  // docker cp would lock it until the end: no exec, inspect, stop or health check is answered then (moby 29058)
  test('that is fetched leaves the container open to others, and nothing when it is cancelled', async () => {
    await one.exec('sh', '-c', `dd if=/dev/zero of=/tmp/large bs=1 count=1 seek=${ENDLESS} 2>/dev/null`);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const directory = temporaryDirectory();
    let came = 0;
    const copy = host.transfer?.get('/tmp/large', join(directory, 'large'), {
      signal: stop.signal,
      onProgress: (bytes) => {
        came = bytes;
      },
    });
    copy?.catch(() => {});
    await until(() => came > 50_000_000, { what: 'a copy in its middle', timeout: 20_000 });
    expect(await dockerOk(['inspect', '-f', '{{.State.Running}}', one.id])).toBe('true');
    expect(await one.exec('sh', '-c', 'echo open')).toBe('open');
    expect(came).toBeLessThan(ENDLESS);
    stop.abort();
    await expect(copy).rejects.toMatchObject({ kind: 'cancelled' });
    expect(readdirSync(directory)).toEqual([]);
    await one.exec('rm', '/tmp/large');
    await nothing();
  });

  test.each([
    ['of the copy', '/tmp/half', /^(gone|transfer)$/],
    ['of what watches over it', 'eval "$1"', /^(gone|transfer)$/],
  ])('leaves nothing when the client is killed %s', async (_, text, kind) => {
    const copy = host.transfer?.put(endless, '/tmp/half');
    copy?.catch(() => {});
    await middle(one, '/tmp/half');
    const pids = clients(one.id, text);
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await expect(copy).rejects.toMatchObject({ kind: expect.stringMatching(kind) });
    await nothing();
  });

  test('leaves nothing within ten seconds when this program is killed', async () => {
    await killed(one, endless);
    await nothing();
    await until(() => clients(one.id, '/tmp/half').length === 0, { what: 'the end of its clients' });
  });
});

describeDocker('a large file for a container whose first process is a server', () => {
  let one: TestPostgres;
  beforeAll(async () => {
    one = await postgresContainer();
  });
  afterAll(() => one.remove());

  test('ends no session of it when this program is killed', async () => {
    const endless = join(temporaryDirectory(), 'endless');
    writeFileSync(endless, '');
    truncateSync(endless, ENDLESS);
    const session = await connect(one.target(), 'workload', 'beside');
    try {
      await killed(one, endless);
      await until(async () => !(await one.processes()).some((line) => /\bdd\b|sh -c/.test(line)), {
        what: 'the end of the copy',
        timeout: 10_000,
      });
      expect(await one.exec('sh', '-c', 'ls /tmp | grep half || :')).toBe('');
      expect(await session.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await session.close();
    }
  });
});

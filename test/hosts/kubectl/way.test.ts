import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommandErrorKind, Host } from '../../../src/hosts/host.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { type Cluster, type KubectlFault, kubectlStandIn } from '../../support/kubectl/kubectl.ts';
import { until } from '../../support/until.ts';

const BYTES = 3_000_000;
const POD = { kind: 'kubectl', namespace: 'production', pod: 'postgres-0' } as const;
const write = (code: number) => ['-c', `head -c ${BYTES} /dev/zero | tr '\\0' a; echo why >&2; exit ${code}`];

/** Whether a process runs; one that has ended and is not waited for does not. */
async function runs(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}

describe('a kubectl that is not what it should be', () => {
  let cluster: Cluster;
  let directory: string;
  let host: Host;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pgdeck-faults-'));
    cluster = await kubectlStandIn();
  });
  beforeEach(async () => {
    await cluster.set('none');
    await cluster.pod('postgres-0');
    host = await openHost(POD);
  });
  afterAll(async () => {
    await cluster.remove();
    await rm(directory, { recursive: true });
  });

  /** What a run of it is: its exit code, or the kind of the error. */
  async function outcome(code: number): Promise<number | CommandErrorKind> {
    const path = join(directory, 'out');
    try {
      const { exitCode } = await host.run('sh', write(code), { stdoutTo: path, timeout: 25_000 });
      const bytes = await readFile(path);
      return bytes.equals(Buffer.alloc(BYTES, 'a')) ? exitCode : 'other';
    } catch (error) {
      if (existsSync(path)) throw new Error('what did not come whole was kept', { cause: error });
      return (error as { kind: CommandErrorKind }).kind;
    }
  }

  test.each<KubectlFault>([
    'none',
    'all comes, exit 1',
    'all comes, never closed',
    'its own words on stderr',
    'the end of the input is kept',
    'all is left behind',
  ])('the command is believed: %s', async (fault) => {
    await cluster.set(fault);
    expect(await outcome(0)).toBe(0);
    expect(await outcome(5)).toBe(5);
  });

  test.each<[KubectlFault, CommandErrorKind]>([
    ['the last MB is lost, exit 0', 'transfer'],
    ['the last byte is lost, exit 0', 'transfer'],
    ['a byte is another', 'transfer'],
    ['its own words on stdout', 'transfer'],
    ['the trailer is cut', 'gone'],
    ['stderr is lost', 'gone'],
    ['a trailer that it made up', 'gone'],
    ['the pod is made anew', 'gone'],
    ['the container starts anew', 'gone'],
    ['the pod is removed', 'gone'],
    ['it freezes when the pod is deleted', 'gone'],
  ])('nothing is believed: %s', { timeout: 60_000 }, async (fault, kind) => {
    await cluster.set(fault);
    expect(await outcome(0)).toBe(kind);
  });

  test.each<KubectlFault>(['none', 'the end of the input is kept', 'all is left behind'])(
    'what is cancelled ends there: %s',
    { timeout: 60_000 },
    async (fault) => {
      await cluster.set(fault);
      const stop = new AbortController();
      let pid = 0;
      const run = host.run('sh', ['-c', 'echo $$; exec sleep 300'], {
        signal: stop.signal,
        onLine: (line) => {
          pid = Number(line);
          stop.abort();
        },
      });
      await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
      await until(async () => !(await runs(pid)), { what: `the end of ${pid}`, timeout: 10_000 });
    },
  );

  test('a program whose input is cut never sees the end of it', async () => {
    const mark = join(directory, 'seen');
    await cluster.set('half of the input is lost');
    const run = host.run('sh', ['-c', `cat >/dev/null; echo >'${mark}'`], { input: 'x'.repeat(200_000) });
    await expect(run).rejects.toMatchObject({ kind: expect.stringMatching(/^(signal|gone)$/) });
    expect(existsSync(mark)).toBe(false);
  });

  test.each<[KubectlFault, CommandErrorKind, RegExp]>([
    ['no such pod', 'gone', /pod postgres-0 .* is not there any more/],
    ['no cluster', 'other', /does not reach its cluster/],
    ['no right', 'denied', /cannot create resource "pods\/exec"/],
    ['no shell in the pod', 'missing', /no shell \(sh\) in the pod postgres-0/],
  ])('it says so: %s', async (fault, kind, sentence) => {
    await cluster.set(fault);
    await expect(host.run('true', [])).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(sentence),
    });
  });

  test('a pod with the same name is another one, also when nothing is wrong with it', async () => {
    const way = await host.run('true', []);
    expect(way.exitCode).toBe(0);
    await cluster.pod('postgres-0', { uid: 'uid-2' });
    await cluster.set('stderr is lost');
    await expect(host.run('true', [])).rejects.toMatchObject({ kind: 'gone', message: /UID differs/ });
  });

  test('the context that was current stays the one that is asked', async () => {
    const execs = (await cluster.calls()).filter((line) => / exec -i postgres-0 /.test(line));
    expect(execs.length).toBeGreaterThan(0);
    expect(execs.filter((line) => !line.startsWith('--context=test --namespace=production exec -i'))).toEqual(
      [],
    );
  });
});

describe('which pod is meant', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await kubectlStandIn();
  });
  afterAll(() => cluster.remove());
  const by = { kind: 'kubectl', selector: 'app=postgres' } as const;

  test('the one that has the labels', async () => {
    expect((await openHost(by)).label).toBe('the pod postgres-0');
  });

  test('several, none and another context are said', async () => {
    await cluster.pod('postgres-1');
    await expect(openHost(by)).rejects.toThrow(
      /Several pods have the labels app=postgres \(postgres-0, postgres-1\)/,
    );
    await cluster.removePod('postgres-1');
    await expect(openHost({ kind: 'kubectl', selector: 'app=nobody' })).rejects.toThrow(
      /No pod has the labels/,
    );
    await expect(openHost({ ...by, context: 'other' })).rejects.toThrow(/has no such context/);
    await expect(openHost({ kind: 'kubectl', pod: 'nobody' })).rejects.toMatchObject({ kind: 'missing' });
  });

  test('of several containers the server’s is taken, or asked for', async () => {
    await cluster.pod('postgres-0', { containers: ['exporter', 'postgres'] });
    const host = await openHost(by);
    expect(host.typed?.([{ command: 'id', args: [] }])).toMatch(/exec -i postgres-0 -c postgres -- id$/);
    await cluster.pod('postgres-0', { containers: ['exporter', 'other'] });
    await expect(openHost(by)).rejects.toThrow(/several containers \(exporter, other\)/);
    await cluster.pod('postgres-0');
  });

  test('one that is down says why', async () => {
    await cluster.pod('postgres-0', {
      restarts: 7,
      waiting: ['CrashLoopBackOff', 'back-off 5m0s'],
      exitCode: 1,
    });
    await expect(openHost(by)).rejects.toMatchObject({
      kind: 'missing',
      message: 'postgres-0 is crash-looping, restarted 7 times, last with exit code 1.',
    });
    await cluster.pod('postgres-0');
  });
});

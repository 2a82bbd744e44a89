import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHost } from '../../../src/hosts/open.ts';
import {
  type Cluster,
  KUBECTL_FAULTS,
  type KubectlFault,
  kubectlStandIn,
} from '../../support/kubectl/kubectl.ts';
import { until } from '../../support/until.ts';
import { faultTests } from '../../support/ways/faults.ts';

const POD = { kind: 'kubectl', namespace: 'production', pod: 'postgres-0' } as const;

/** Whether a process runs; one that has ended and is not waited for does not. */
async function runs(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}

describe('a kubectl that is not what it should be', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await kubectlStandIn();
  });
  afterAll(() => cluster.remove());
  const host = faultTests({
    faults: KUBECTL_FAULTS,
    set: async (fault) => {
      await cluster.set(fault);
      await cluster.pod('postgres-0');
    },
    open: () => openHost(POD),
  });

  test.each<KubectlFault>(['none', 'the end of the input is kept', 'all is left behind'])(
    'what is cancelled ends there: %s',
    { timeout: 60_000 },
    async (fault) => {
      await cluster.set(fault);
      const stop = new AbortController();
      let pid = 0;
      const run = host().run('sh', ['-c', 'echo $$; exec sleep 300'], {
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

  test('a pod with the same name is another one, also when nothing is wrong with it', async () => {
    const way = await host().run('true', []);
    expect(way.exitCode).toBe(0);
    await cluster.pod('postgres-0', { uid: 'uid-2' });
    await cluster.set('stderr is lost');
    await expect(host().run('true', [])).rejects.toMatchObject({ kind: 'gone', message: /UID differs/ });
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
